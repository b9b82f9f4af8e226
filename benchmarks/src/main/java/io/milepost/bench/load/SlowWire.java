package io.milepost.bench.load;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.TimeUnit;

/** Asks for one large body and reads so many bytes a second of it. */
public final class SlowWire extends Wire {
    private static final long TICK_MILLIS = 20;

    private final ByteBuf request;
    private final long bytesPerSecond;
    private long begun;

    public SlowWire(Listener listener, ByteBuf request, long bytesPerSecond) {
        super(listener);
        this.request = request;
        this.bytesPerSecond = bytesPerSecond;
    }

    @Override
    public void send(long token) {
        context().channel().config().setAutoRead(false);
        begun = System.nanoTime();
        write(request.duplicate());
        tick();
    }

    private void tick() {
        if (!context().channel().isOpen()) {
            return;
        }
        double allowed = (System.nanoTime() - begun) / 1e9 * bytesPerSecond;
        if (receivedBytes() < allowed) {
            context().read();
        }
        context().executor().schedule(this::tick, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    protected void received(ByteBuf data) {
        data.skipBytes(data.readableBytes());
    }
}
