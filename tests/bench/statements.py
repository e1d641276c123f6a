"""The plans of tests/db/test_plans.py, on the large servers."""

import large
from plans import Judge, questions

MEMBER = 1


def measure(figures):
    url = large.start()
    large.make(url)
    asked = [*questions(url, large.LARGE, MEMBER), *questions(url, large.PARTNERS, MEMBER)]
    judge = Judge(url)
    complaints = [complaint for question in asked for complaint in judge.complaints(question)]
    for complaint in complaints:
        print(f"    {complaint}")
    figures.add("statements with other indexes or more rows than they need", len(complaints), "complaints", len(asked), 0)
