#include "infra/sandbox/cdn.h"

#include "infra/sandbox/server.h"

void cdn_handle(struct sandbox *sandbox, struct request *request)
{
    (void)sandbox;
    request_answer(request, 404, NULL, NULL, 0);
}
