package io.milepost.waypoint;

import io.netty.buffer.ByteBuf;

/** Takes what a tunnel brought before it was known what it is for. */
interface EarlyBytes {
    /** Takes ownership. */
    void early(ByteBuf data);
}
