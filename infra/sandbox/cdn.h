/* The CDN: avatars, icons, default avatars, and the files of messages (contract, section 4). */
#pragma once

struct request;
struct sandbox;

/* Takes any request that is nobody else's: 404 where it is no picture. */
void cdn_handle(struct sandbox *sandbox, struct request *request);
