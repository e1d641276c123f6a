/* The CDN: avatars, icons, default avatars, and the files of messages ("Image Formatting"). */
#pragma once

struct request;
struct sandbox;

/* Takes any request that is nobody else's: 404 where it is no picture. */
void cdn_handle(struct sandbox *sandbox, struct request *request);
