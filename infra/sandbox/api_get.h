/* The calls that only read: the gateway's address, the application, users, guilds. Each answers its call. */
#pragma once

struct api_call;

void api_get_gateway_bot(struct api_call *call);
void api_get_application(struct api_call *call);
void api_get_user(struct api_call *call);     /* users/{id} */
void api_get_guilds(struct api_call *call);   /* users/@me/guilds */
void api_get_guild(struct api_call *call);    /* guilds/{id} */
void api_get_channels(struct api_call *call); /* guilds/{id}/channels */
void api_get_member(struct api_call *call);   /* guilds/{id}/members/{user} */
