package io.milepost.waypoint.codec;

/** What a stream's peer may send again: bytes whose reader has paused are owed until it goes on. One event loop. */
final class Http2Credit {
    private boolean paused;
    private int owed;

    /**
     * A frame of data came.
     *
     * @return how much of it the peer may send again at once
     */
    int read(int bytes, int padding) {
        if (!paused) {
            return bytes + padding;
        }
        owed += bytes;
        return padding;
    }

    /**
     * The reader pauses or goes on.
     *
     * @return what was owed and is to be given back now
     */
    int reading(boolean on) {
        paused = !on;
        int n = on ? owed : 0;
        owed -= n;
        return n;
    }
}
