package io.milepost.bench.load;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/**
 * One inner connection as the load generator speaks it. Requests are bytes that were encoded before the run; answers are
 * looked at just enough to know where they end and whether they are what was asked for.
 */
public abstract class Wire extends ChannelInboundHandlerAdapter {
    /** What becomes of requests; all calls come from the event loop. */
    public interface Listener {
        /** Requests can be sent. */
        void ready(Wire wire);

        /** The request that was sent with {@code token} was answered. */
        void answered(Wire wire, long token, boolean good);

        /** The connection is gone; whatever was not answered never will be. */
        void gone(Wire wire, @Nullable Throwable cause);
    }

    /** Makes the wires of a run. */
    @FunctionalInterface
    public interface Factory {
        Wire create(Listener listener);
    }

    protected final Listener listener;
    private @Nullable ChannelHandlerContext ctx;
    private boolean gone;
    private long received;
    private int answers;

    protected Wire(Listener listener) {
        this.listener = listener;
    }

    /** Requests that may be on their way at a time. */
    public int capacity() {
        return 1;
    }

    /** Bytes of payload that one request carries. */
    public long requestBytes() {
        return 0;
    }

    /** Sends one request; {@code token} comes back with its answer. */
    public abstract void send(long token);

    /** Takes what arrived. The buffer is released by the caller. */
    protected abstract void received(ByteBuf data);

    /** The tunnel is open: greets, and calls {@link Listener#ready} now or when the peer has answered. */
    protected void opened() {
        listener.ready(this);
    }

    public final long receivedBytes() {
        return received;
    }

    /** Answers so far; counted by {@link #answered}. */
    public final int answers() {
        return answers;
    }

    protected final void answered(long token, boolean good) {
        answers++;
        listener.answered(this, token, good);
    }

    protected final ChannelHandlerContext context() {
        ChannelHandlerContext c = ctx;
        if (c == null) {
            throw new IllegalStateException("the connection is not open");
        }
        return c;
    }

    protected void write(ByteBuf data) {
        ChannelHandlerContext c = context();
        c.writeAndFlush(data, c.voidPromise());
    }

    public final void close() {
        gone = true;
        ChannelHandlerContext c = ctx;
        if (c != null) {
            c.close();
        }
    }

    /**
     * Closes this wire, and then the HBONE connection that carries it as soon as its other wires are closed, too: with an
     * open tunnel in it neither end would close the connection.
     */
    public final void closeConnection() {
        close();
        ChannelHandlerContext c = ctx;
        if (c != null) {
            c.channel().parent().close();
        }
    }

    @Override
    public final void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
    }

    @Override
    public final void channelActive(ChannelHandlerContext context) {
        opened();
    }

    @Override
    public final void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf data = (ByteBuf) message;
        received += data.readableBytes();
        try {
            received(data);
        } finally {
            data.release();
        }
    }

    @Override
    public final void channelInactive(ChannelHandlerContext context) {
        end(null);
    }

    @Override
    public final void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        end(cause);
        context.close();
    }

    private void end(@Nullable Throwable cause) {
        if (!gone) {
            gone = true;
            listener.gone(this, cause);
        }
    }
}
