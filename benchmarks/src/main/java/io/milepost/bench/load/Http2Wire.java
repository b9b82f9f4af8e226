package io.milepost.bench.load;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** HTTP/2 with prior knowledge inside the tunnel: several requests at a time, or messages on long streams. */
public final class Http2Wire extends Wire implements Http2Reader.Frames {
    private static final int SLOTS = 1024;
    private static final int FIRST_STREAM = 1;

    private final byte[] block;
    private final byte @Nullable [] message;
    private final boolean streaming;
    private final int capacity;
    private final Http2Reader reader = new Http2Reader(this, false);
    /** Tokens by stream number. */
    private final long[] tokens = new long[SLOTS];

    private final boolean[] bad = new boolean[SLOTS];
    private final int[] missing = new int[SLOTS];
    private int nextStream = FIRST_STREAM;
    /** Streams of a streaming wire that wait for a message. */
    private final int[] idleStreams;

    private int idleCount;
    private @Nullable ByteBuf out;
    private boolean reading;

    /**
     * Makes a wire.
     *
     * @param block of each request's HEADERS
     * @param message sent behind it; null when there is no body
     * @param streaming streams stay open and each message is answered by one of the same size
     */
    public Http2Wire(Listener listener, byte[] block, byte @Nullable [] message, boolean streaming, int capacity) {
        super(listener);
        this.block = block;
        this.message = message;
        this.streaming = streaming;
        this.capacity = capacity;
        this.idleStreams = new int[capacity];
    }

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public long requestBytes() {
        return message == null ? 0 : message.length;
    }

    @Override
    protected void opened() {
        reading = true;
        Http2Frames.greeting(out(), true);
        if (streaming) {
            for (int i = 0; i < capacity; i++) {
                Http2Frames.headers(out(), nextStream, block, false);
                idleStreams[idleCount++] = nextStream;
                nextStream += 2;
            }
        }
        super.opened();
        reading = false;
        flushOut();
    }

    private static int slot(int stream) {
        return (stream >>> 1) & (SLOTS - 1);
    }

    @Override
    public void send(long token) {
        ByteBuf to = out();
        byte[] body = message;
        if (streaming && body != null) {
            int stream = idleStreams[--idleCount];
            tokens[slot(stream)] = token;
            missing[slot(stream)] = body.length;
            Http2Frames.data(to, stream, body, false);
        } else {
            int stream = nextStream;
            nextStream += 2;
            tokens[slot(stream)] = token;
            bad[slot(stream)] = false;
            Http2Frames.headers(to, stream, block, body == null);
            if (body != null) {
                Http2Frames.data(to, stream, body, true);
            }
        }
        if (!reading) {
            flushOut();
        }
    }

    @Override
    protected void received(ByteBuf data) {
        reading = true;
        reader.read(data);
        reading = false;
        flushOut();
    }

    private void flushOut() {
        ByteBuf ready = out;
        if (ready != null) {
            out = null;
            write(ready);
        }
    }

    @Override
    public void headers(int stream, int firstByte, boolean end) {
        // :status 400, 404 and 500 are entries 12 to 14 of the static table; 503 and others come as literals with name
        // 8.
        if (firstByte >= 0x8b && firstByte <= 0x8e || firstByte == 0x48 || firstByte == 0x08) {
            bad[slot(stream)] = true;
        }
        if (end) {
            finished(stream);
        }
    }

    @Override
    public void data(int stream, int bytes, boolean end) {
        if (streaming) {
            int slot = slot(stream);
            missing[slot] -= bytes;
            if (missing[slot] == 0 && bytes > 0) {
                idleStreams[idleCount++] = stream;
                answered(tokens[slot], true);
            }
        } else if (end) {
            finished(stream);
        }
    }

    private void finished(int stream) {
        if (streaming) {
            throw new IllegalStateException("a stream was ended by the server");
        }
        answered(tokens[slot(stream)], !bad[slot(stream)]);
    }

    @Override
    public void broken(int stream, long code) {
        throw new IllegalStateException("stream " + stream + " was reset with code " + code);
    }

    @Override
    public ByteBuf out() {
        ByteBuf b = out;
        if (b == null) {
            b = context().alloc().directBuffer(512);
            out = b;
        }
        return b;
    }
}
