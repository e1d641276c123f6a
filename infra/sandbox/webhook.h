/* The calls that an interaction's token opens ("Receiving and Responding to Interactions"). Each answers its call. */
#pragma once

struct api_call;

void webhook_callback(struct api_call *call);       /* POST interactions/{id}/{token}/callback */
void webhook_execute(struct api_call *call);        /* POST webhooks/{app}/{token} */
void webhook_get_message(struct api_call *call);    /* GET webhooks/{app}/{token}/messages/{id} */
void webhook_edit_message(struct api_call *call);   /* PATCH */
void webhook_delete_message(struct api_call *call); /* DELETE */
