/*
 * The pictures of the made-up members, drawn from their hash: its first bytes choose kind, background, skin, hair style, hair
 * colour, clothes and extras, so that cast.json says what somebody looks like and any other hash gives some picture too.
 */
#pragma once

struct buffer;

enum avatar_kind {
    AVATAR_MEMBER,
    AVATAR_ICON,    /* of a server */
    AVATAR_DEFAULT, /* Discord's own, for who has none: look[0] is its number */
};

enum { AVATAR_LOOK = 16 };

/* Appends a square PNG. */
void avatar_png(enum avatar_kind kind, const unsigned char look[AVATAR_LOOK], int size, struct buffer *png);
