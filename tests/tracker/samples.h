/* Gateway frames as Discord sends them, without white space. */
#pragma once

static const char sample_hello[] __attribute__((unused)) =
    "{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":41250,"
    "\"_trace\":[\"[\\\"gateway-prd-example\\\",{\\\"micros\\\":0.0}]\"]}}";

static const char sample_ready[] __attribute__((unused)) =
    "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"v\":10,\"user\":{\"id\":\"1204716319438934023\","
    "\"username\":\"VoiceLedger\",\"discriminator\":\"7302\",\"global_name\":null,"
    "\"avatar\":\"0a1b2c3d4e5f60718293a4b5c6d7e8f9\",\"bot\":true,\"email\":null,\"flags\":0,"
    "\"mfa_enabled\":true,\"verified\":true},\"guilds\":[{\"id\":\"1187440136951169024\","
    "\"unavailable\":true}],\"session_id\":\"4f2b8c1d9e7a6035d1c2b3a4f5e69780\","
    "\"resume_gateway_url\":\"wss://gateway-us-east1-example.discord.gg\",\"shard\":[0,1],"
    "\"application\":{\"id\":\"1204716319438934023\",\"flags\":565248},\"private_channels\":[],"
    "\"session_type\":\"normal\"}}";

static const char sample_guild_create[] __attribute__((unused)) =
    "{\"t\":\"GUILD_CREATE\",\"s\":2,\"op\":0,\"d\":{\"id\":\"1187440136951169024\","
    "\"name\":\"Lantern Harbour\",\"icon\":\"a_4d3c2b1a09f8e7d6c5b4a39281706f5e\","
    "\"owner_id\":\"243453988605792261\",\"afk_channel_id\":\"1187440607468453890\",\"afk_timeout\":900,"
    "\"preferred_locale\":\"en-US\",\"features\":[\"COMMUNITY\",\"ANIMATED_ICON\"],\"premium_tier\":2,"
    "\"nsfw_level\":0,\"joined_at\":\"2024-02-08T10:00:00.000000+00:00\",\"large\":false,"
    "\"unavailable\":false,\"member_count\":214,\"roles\":[{\"id\":\"1187440136951169024\","
    "\"name\":\"@everyone\",\"permissions\":\"1799666563141185\",\"position\":0,\"color\":0,"
    "\"colors\":{\"primary_color\":0,\"secondary_color\":null,\"tertiary_color\":null},\"hoist\":false,"
    "\"managed\":false,\"mentionable\":false,\"flags\":0,\"icon\":null,\"unicode_emoji\":null}],"
    "\"channels\":[{\"id\":\"1187440140180783108\",\"type\":4,\"name\":\"Harbour\",\"position\":0,"
    "\"parent_id\":null,\"flags\":0,\"permission_overwrites\":[]},{\"id\":\"1187440140138840067\",\"type\":0,"
    "\"name\":\"bot-commands\",\"position\":1,\"parent_id\":\"1187440140180783108\",\"flags\":0,"
    "\"permission_overwrites\":[],\"topic\":null,\"nsfw\":false,\"rate_limit_per_user\":0,"
    "\"last_message_id\":\"1536076616555167746\"},{\"id\":\"1187440517773262857\",\"type\":2,"
    "\"name\":\"Lounge\",\"position\":2,\"parent_id\":\"1187440140180783108\",\"flags\":0,"
    "\"permission_overwrites\":[],\"bitrate\":64000,\"user_limit\":0,\"rtc_region\":null,\"nsfw\":false},"
    "{\"id\":\"1187440607468453890\",\"type\":2,\"name\":\"Asleep\",\"position\":3,"
    "\"parent_id\":\"1187440140180783108\",\"flags\":0,\"permission_overwrites\":[],\"bitrate\":64000,"
    "\"user_limit\":0,\"rtc_region\":null,\"nsfw\":false},{\"id\":\"1238946523644694529\",\"type\":13,"
    "\"name\":\"Town Hall\",\"position\":4,\"parent_id\":\"1187440140180783108\",\"flags\":0,"
    "\"permission_overwrites\":[],\"bitrate\":64000,\"user_limit\":500,\"rtc_region\":null}],\"threads\":[],"
    "\"members\":[{\"avatar\":null,\"banner\":null,\"communication_disabled_until\":null,\"flags\":0,"
    "\"joined_at\":\"2024-02-08T10:00:00.000000+00:00\",\"nick\":null,\"pending\":false,"
    "\"premium_since\":null,\"roles\":[],\"deaf\":false,\"mute\":false,"
    "\"user\":{\"id\":\"1204716319438934023\",\"username\":\"VoiceLedger\",\"discriminator\":\"7302\","
    "\"global_name\":null,\"avatar\":\"0a1b2c3d4e5f60718293a4b5c6d7e8f9\",\"avatar_decoration_data\":null,"
    "\"collectibles\":null,\"primary_guild\":null,\"public_flags\":0,\"bot\":true}},{\"avatar\":null,"
    "\"banner\":null,\"communication_disabled_until\":null,\"flags\":0,"
    "\"joined_at\":\"2024-01-05T12:30:45.120000+00:00\",\"nick\":\"Mari\",\"pending\":false,"
    "\"premium_since\":null,\"roles\":[\"1192065461152776193\"],\"deaf\":false,\"mute\":false,"
    "\"user\":{\"id\":\"312861572202631172\",\"username\":\"marisol.q\",\"discriminator\":\"0\","
    "\"global_name\":\"Marisol\",\"avatar\":\"a_7be1c04d2f9a4d0e8a1f5b6c3d2e9f10\","
    "\"avatar_decoration_data\":null,\"collectibles\":null,\"primary_guild\":null,\"public_flags\":0}},"
    "{\"avatar\":null,\"banner\":null,\"communication_disabled_until\":null,\"flags\":0,"
    "\"joined_at\":\"2024-01-05T12:30:45.120000+00:00\",\"nick\":null,\"pending\":false,"
    "\"premium_since\":null,\"roles\":[],\"deaf\":false,\"mute\":false,"
    "\"user\":{\"id\":\"1099326242475479070\",\"username\":\"JukeOwl\",\"discriminator\":\"4821\","
    "\"global_name\":null,\"avatar\":\"5f0d7c1e9b2a4836a7d1c0e3f4b5a697\",\"avatar_decoration_data\":null,"
    "\"collectibles\":null,\"primary_guild\":null,\"public_flags\":0,\"bot\":true}}],"
    "\"voice_states\":[{\"channel_id\":\"1187440517773262857\",\"user_id\":\"312861572202631172\","
    "\"session_id\":\"90326bd25d71d39b9ef95b299e3872ff\",\"deaf\":false,\"mute\":false,\"self_deaf\":false,"
    "\"self_mute\":true,\"self_video\":false,\"suppress\":false,\"request_to_speak_timestamp\":null},"
    "{\"channel_id\":\"1187440517773262857\",\"user_id\":\"1099326242475479070\","
    "\"session_id\":\"aa11bb22cc33dd44ee55ff6600778899\",\"deaf\":false,\"mute\":false,\"self_deaf\":true,"
    "\"self_mute\":false,\"self_video\":false,\"suppress\":false,\"request_to_speak_timestamp\":null}],"
    "\"presences\":[],\"stage_instances\":[],\"guild_scheduled_events\":[],\"soundboard_sounds\":[],"
    "\"emojis\":[],\"stickers\":[]}}";

static const char sample_voice_join[] __attribute__((unused)) =
    "{\"t\":\"VOICE_STATE_UPDATE\",\"s\":3,\"op\":0,\"d\":{\"channel_id\":\"1187440517773262857\","
    "\"user_id\":\"845431240173158412\",\"session_id\":\"1b7c2d3e4f5061728394a5b6c7d8e9f0\",\"deaf\":false,"
    "\"mute\":false,\"self_deaf\":false,\"self_mute\":false,\"self_video\":false,\"suppress\":false,"
    "\"request_to_speak_timestamp\":null,\"guild_id\":\"1187440136951169024\","
    "\"member\":{\"avatar\":\"3c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f\",\"banner\":null,"
    "\"communication_disabled_until\":null,\"flags\":0,\"joined_at\":\"2024-03-18T21:02:09.004000+00:00\","
    "\"nick\":\"Tobi\",\"pending\":false,\"premium_since\":null,\"roles\":[\"1192065461152776193\"],"
    "\"deaf\":false,\"mute\":false,\"user\":{\"id\":\"845431240173158412\",\"username\":\"tobiah_w\","
    "\"discriminator\":\"0\",\"global_name\":null,\"avatar\":null,\"avatar_decoration_data\":null,"
    "\"collectibles\":null,\"primary_guild\":null,\"public_flags\":0}}}}";

static const char sample_voice_move[] __attribute__((unused)) =
    "{\"t\":\"VOICE_STATE_UPDATE\",\"s\":4,\"op\":0,\"d\":{\"channel_id\":\"1238946523644694529\","
    "\"user_id\":\"845431240173158412\",\"session_id\":\"1b7c2d3e4f5061728394a5b6c7d8e9f0\",\"deaf\":false,"
    "\"mute\":false,\"self_deaf\":false,\"self_mute\":false,\"self_video\":false,\"suppress\":true,"
    "\"request_to_speak_timestamp\":null,\"guild_id\":\"1187440136951169024\","
    "\"member\":{\"avatar\":\"3c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f\",\"banner\":null,"
    "\"communication_disabled_until\":null,\"flags\":0,\"joined_at\":\"2024-03-18T21:02:09.004000+00:00\","
    "\"nick\":\"Tobi\",\"pending\":false,\"premium_since\":null,\"roles\":[\"1192065461152776193\"],"
    "\"deaf\":false,\"mute\":false,\"user\":{\"id\":\"845431240173158412\",\"username\":\"tobiah_w\","
    "\"discriminator\":\"0\",\"global_name\":null,\"avatar\":null,\"avatar_decoration_data\":null,"
    "\"collectibles\":null,\"primary_guild\":null,\"public_flags\":0}}}}";

static const char sample_voice_mute[] __attribute__((unused)) =
    "{\"t\":\"VOICE_STATE_UPDATE\",\"s\":5,\"op\":0,\"d\":{\"channel_id\":\"1187440517773262857\","
    "\"user_id\":\"312861572202631172\",\"session_id\":\"90326bd25d71d39b9ef95b299e3872ff\",\"deaf\":false,"
    "\"mute\":true,\"self_deaf\":false,\"self_mute\":true,\"self_video\":false,\"suppress\":false,"
    "\"request_to_speak_timestamp\":null,\"self_stream\":true,\"guild_id\":\"1187440136951169024\","
    "\"member\":{\"avatar\":null,\"banner\":null,\"communication_disabled_until\":null,\"flags\":0,"
    "\"joined_at\":\"2024-01-05T12:30:45.120000+00:00\",\"nick\":\"Mari\",\"pending\":false,"
    "\"premium_since\":null,\"roles\":[\"1192065461152776193\"],\"deaf\":false,\"mute\":true,"
    "\"user\":{\"id\":\"312861572202631172\",\"username\":\"marisol.q\",\"discriminator\":\"0\","
    "\"global_name\":\"Marisol\",\"avatar\":\"a_7be1c04d2f9a4d0e8a1f5b6c3d2e9f10\","
    "\"avatar_decoration_data\":null,\"collectibles\":null,\"primary_guild\":null,\"public_flags\":0}}}}";

static const char sample_voice_leave[] __attribute__((unused)) =
    "{\"t\":\"VOICE_STATE_UPDATE\",\"s\":6,\"op\":0,\"d\":{\"channel_id\":null,"
    "\"user_id\":\"845431240173158412\",\"session_id\":\"1b7c2d3e4f5061728394a5b6c7d8e9f0\",\"deaf\":false,"
    "\"mute\":false,\"self_deaf\":false,\"self_mute\":false,\"self_video\":false,\"suppress\":false,"
    "\"request_to_speak_timestamp\":null,\"guild_id\":\"1187440136951169024\","
    "\"member\":{\"avatar\":\"3c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f\",\"banner\":null,"
    "\"communication_disabled_until\":null,\"flags\":0,\"joined_at\":\"2024-03-18T21:02:09.004000+00:00\","
    "\"nick\":\"Tobi\",\"pending\":false,\"premium_since\":null,\"roles\":[\"1192065461152776193\"],"
    "\"deaf\":false,\"mute\":false,\"user\":{\"id\":\"845431240173158412\",\"username\":\"tobiah_w\","
    "\"discriminator\":\"0\",\"global_name\":null,\"avatar\":null,\"avatar_decoration_data\":null,"
    "\"collectibles\":null,\"primary_guild\":null,\"public_flags\":0}}}}";

static const char sample_resumed[] __attribute__((unused)) = "{\"t\":\"RESUMED\",\"s\":7,\"op\":0,\"d\":{}}";

static const char sample_guild_removed[] __attribute__((unused)) =
    "{\"t\":\"GUILD_DELETE\",\"s\":8,\"op\":0,\"d\":{\"id\":\"1187440136951169024\"}}";

static const char sample_guild_outage[] __attribute__((unused)) =
    "{\"t\":\"GUILD_DELETE\",\"s\":9,\"op\":0,\"d\":{\"id\":\"1187440136951169024\",\"unavailable\":true}}";

static const char sample_channel_info[] __attribute__((unused)) =
    "{\"t\":\"CHANNEL_INFO\",\"s\":10,\"op\":0,\"d\":{\"guild_id\":\"1187440136951169024\","
    "\"channels\":[{\"id\":\"1187440517773262857\",\"voice_start_time\":1786299600}]}}";

static const char *const sample_control_frames[] __attribute__((unused)) = {
    "{\"op\":7,\"d\":null,\"s\":null,\"t\":null}", "{\"op\":9,\"d\":false,\"s\":null,\"t\":null}",
    "{\"op\":9,\"d\":true,\"s\":null,\"t\":null}", "{\"op\":11,\"d\":null,\"s\":null,\"t\":null}",
    "{\"op\":1,\"d\":null,\"s\":null,\"t\":null}",
};
