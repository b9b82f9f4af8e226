package io.milepost.bench.load;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Messages of one size that come back unchanged: TCP, or WebSocket frames after an upgrade. */
public final class EchoWire extends Wire {
    private static final int LF = '\n';

    private final @Nullable ByteBuf greeting;
    private final ByteBuf message;
    private final int size;
    private boolean greeted;
    private int lineFeeds;
    private int open;
    private long token;

    /**
     * Makes a wire.
     *
     * @param greeting an HTTP/1.1 upgrade request, or null for bare bytes
     */
    public EchoWire(Listener listener, @Nullable ByteBuf greeting, ByteBuf message) {
        super(listener);
        this.greeting = greeting;
        this.message = message;
        this.size = message.readableBytes();
    }

    @Override
    public long requestBytes() {
        return size;
    }

    @Override
    protected void opened() {
        ByteBuf first = greeting;
        if (first == null) {
            greeted = true;
            super.opened();
        } else {
            write(first.duplicate());
        }
    }

    @Override
    public void send(long value) {
        token = value;
        open = size;
        write(message.duplicate());
    }

    @Override
    protected void received(ByteBuf data) {
        if (!greeted) {
            if (lineFeeds == 0 && data.readableBytes() > 12 && data.getByte(data.readerIndex() + 9) != '1') {
                throw new IllegalStateException(
                        "the upgrade was answered: " + data.toString(java.nio.charset.StandardCharsets.US_ASCII));
            }
            while (data.isReadable() && !greeted) {
                byte b = data.readByte();
                if (b == LF) {
                    greeted = ++lineFeeds == 2;
                } else if (b != '\r') {
                    lineFeeds = 0;
                }
            }
            if (greeted) {
                super.opened();
            }
        }
        open -= data.readableBytes();
        if (open < 0) {
            throw new IllegalStateException("more came back than was sent");
        }
        if (open == 0 && size > 0 && greeted && data.isReadable()) {
            answered(token, true);
        }
    }
}
