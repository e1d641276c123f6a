/* Discord's numbers, by the names its documentation uses. Only what we use. */
#pragma once

#include <stdint.h>

#define DISCORD_API_URL    "https://discord.com/api/v10"
#define DISCORD_USER_AGENT "DiscordBot (https://github.com/vcledger/vcledger, 0.1.0)"

/* The first second of 2015, from which snowflakes count milliseconds. */
#define DISCORD_EPOCH_MS INT64_C(1420070400000)

/* Milliseconds since 1970 that are in a snowflake: when it was made. */
static inline int64_t discord_created_ms(uint64_t snowflake)
{
    return (int64_t)(snowflake >> 22) + DISCORD_EPOCH_MS;
}

enum discord_interaction_type {
    DISCORD_PING = 1,
    DISCORD_APPLICATION_COMMAND = 2,
    DISCORD_MESSAGE_COMPONENT = 3,
    DISCORD_AUTOCOMPLETE = 4,
    DISCORD_MODAL_SUBMIT = 5,
};

enum discord_callback_type {
    DISCORD_PONG = 1,
    DISCORD_CHANNEL_MESSAGE = 4,
    DISCORD_DEFERRED_CHANNEL_MESSAGE = 5,
    DISCORD_DEFERRED_UPDATE_MESSAGE = 6,
    DISCORD_UPDATE_MESSAGE = 7,
};

enum discord_option_type { DISCORD_OPTION_SUB_COMMAND = 1, DISCORD_OPTION_STRING = 3, DISCORD_OPTION_USER = 6 };

enum discord_component_type {
    DISCORD_ACTION_ROW = 1,
    DISCORD_BUTTON = 2,
    DISCORD_STRING_SELECT = 3,
    DISCORD_USER_SELECT = 5,
    DISCORD_TEXT_DISPLAY = 10,
    DISCORD_MEDIA_GALLERY = 12,
    DISCORD_CONTAINER = 17,
};

enum discord_button_style {
    DISCORD_BUTTON_PRIMARY = 1, /* stands out */
    DISCORD_BUTTON_SECONDARY = 2,
    DISCORD_BUTTON_SUCCESS = 3, /* green */
    DISCORD_BUTTON_DANGER = 4,  /* red */
};

enum { DISCORD_CUSTOM_ID_MAX = 100 /* characters */ };

enum { DISCORD_FLAG_EPHEMERAL = 1 << 6, DISCORD_FLAG_COMPONENTS_V2 = 1 << 15 };

#define DISCORD_PERMISSION_ADMINISTRATOR (UINT64_C(1) << 3)
#define DISCORD_PERMISSION_MANAGE_GUILD  (UINT64_C(1) << 5)
#define DISCORD_PERMISSION_ATTACH_FILES  (UINT64_C(1) << 15)

/* JSON error codes that mean something to us. */
enum discord_error {
    DISCORD_UNKNOWN_WEBHOOK = 10015,
    DISCORD_UPLOAD_TOO_LARGE = 40005,
    DISCORD_MISSING_PERMISSIONS = 50013,
    DISCORD_UPLOADS_LIMITED = 400001,
};

enum discord_opcode {
    DISCORD_OP_DISPATCH = 0,
    DISCORD_OP_HEARTBEAT = 1,
    DISCORD_OP_IDENTIFY = 2,
    DISCORD_OP_RESUME = 6,
    DISCORD_OP_RECONNECT = 7,
    DISCORD_OP_INVALID_SESSION = 9,
    DISCORD_OP_HELLO = 10,
    DISCORD_OP_HEARTBEAT_ACK = 11,
};

enum { DISCORD_INTENT_GUILDS = 1, DISCORD_INTENT_GUILD_VOICE_STATES = 128 };

/* Close codes of the gateway. */
enum discord_close {
    DISCORD_CLOSE_UNKNOWN_ERROR = 4000,
    DISCORD_CLOSE_NOT_AUTHENTICATED = 4003,
    DISCORD_CLOSE_AUTHENTICATION_FAILED = 4004,
    DISCORD_CLOSE_INVALID_SEQ = 4007,
    DISCORD_CLOSE_RATE_LIMITED = 4008,
    DISCORD_CLOSE_SESSION_TIMED_OUT = 4009,
    DISCORD_CLOSE_INVALID_SHARD = 4010,
    DISCORD_CLOSE_SHARDING_REQUIRED = 4011,
    DISCORD_CLOSE_INVALID_VERSION = 4012,
    DISCORD_CLOSE_INVALID_INTENTS = 4013,
    DISCORD_CLOSE_DISALLOWED_INTENTS = 4014,
};
