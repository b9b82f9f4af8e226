package io.milepost.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A tunnel as a channel: one HTTP/2 stream of a connection, registered with the event loop of that connection. Reading is
 * the {@link TunnelReader}'s; here are writing, half close and the end.
 *
 * <p>Reads follow {@code autoRead} exactly as a socket's do, and the peer gets its flow-control credit back only for what
 * was handed to the pipeline. Writes stay in the outbound buffer while the peer's windows or the socket are full, so that
 * {@link #isWritable()} tells the truth. Half close works in both directions and is always on.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
public final class TunnelChannel extends AbstractChannel implements DuplexChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);
    // What waits for a slow reader waits in every tunnel; a fast one's bytes go on to the flow controller at once.
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(16 << 10, 32 << 10);
    private static final long RESET_LINGER_SECONDS = 10;
    private static final int OUTPUT_GONE = 1;

    private final TunnelStream stream;
    private final TunnelReader reader;
    private final ChannelConfig config;
    private boolean open = true;
    private boolean writesBlocked;
    private boolean abort;
    private long unwritten;
    private @Nullable ChannelPromise shutdownPromise;
    private @Nullable ScheduledFuture<?> linger;

    TunnelChannel(TunnelStream stream) {
        super(stream.mux().channel());
        this.stream = stream;
        this.reader = new TunnelReader(this, stream);
        this.config = new Config(this);
    }

    // ---- reading

    /** Bytes received and not read yet. */
    public int queuedBytes() {
        return stream.queuedBytes();
    }

    /** Code of the peer's RST_STREAM; -1 when there was none. */
    public long resetCode() {
        return stream.resetCode();
    }

    /** Closes with RST_STREAM(CANCEL): the peer must not take what it got for complete. */
    public ChannelFuture abort() {
        abort = true;
        return close();
    }

    boolean takesDirectly() {
        return reader.takesDirectly();
    }

    void deliver(ByteBuf data) {
        reader.deliver(data);
    }

    void onInputEnd() {
        reader.onInputEnd();
    }

    void fireReadComplete() {
        reader.fireReadComplete();
    }

    @Override
    protected void doBeginRead() {
        reader.begin();
    }

    // ---- writing

    @Override
    protected Object filterOutboundMessage(Object msg) {
        if (msg instanceof ByteBuf) {
            return msg;
        }
        throw new UnsupportedOperationException(
                "a tunnel carries ByteBuf only, not " + msg.getClass().getName());
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer in) {
        boolean wrote = false;
        while (true) {
            ByteBuf data = (ByteBuf) in.current();
            if (data == null) {
                break;
            }
            if (!data.isReadable()) {
                removeWritten(in);
                continue;
            }
            if (stream.outputEnded()) {
                failWrites(in);
                break;
            }
            if (!stream.isWritable()) {
                break;
            }
            stream.write(data.retain());
            wrote = true;
            removeWritten(in);
        }
        writesBlocked = !in.isEmpty();
        accountUnwritten(open ? in.totalPendingWriteBytes() : 0);
        if (writesBlocked) {
            stream.mux().blocked(stream);
        }
        ChannelPromise promise = shutdownPromise;
        if (promise != null && in.size() == 0) {
            shutdownPromise = null;
            finishOutput(promise);
        }
        if (wrote) {
            stream.mux().flushSoon();
        }
    }

    /** Usually nothing waits and nothing has to be told. */
    private void accountUnwritten(long bytes) {
        if (bytes != unwritten) {
            stream.mux().budget().addWritten(bytes - unwritten);
            unwritten = bytes;
        }
    }

    /** Only what is there: a writer that answers room with more writes would keep the event loop for ever. */
    private static void failWrites(ChannelOutboundBuffer in) {
        for (int n = in.size(); n > 0; n--) {
            in.remove(new ClosedChannelException());
        }
    }

    /** Its listeners may close the channel: what is still to be written must be known by then. */
    private void removeWritten(ChannelOutboundBuffer in) {
        writesBlocked = in.size() > 1;
        in.remove();
    }

    /** The stream accepts bytes again. */
    void resumeWriting() {
        if (open && isRegistered() && (writesBlocked || stream.closed())) {
            ((TunnelUnsafe) unsafe()).resume();
        }
    }

    void onStreamClosed() {
        if (!open) {
            return;
        }
        if (!isRegistered()) {
            // accept() or open() closes it as soon as it is registered.
            return;
        }
        if (!stream.inputEnded() || !reader.hasUnread()) {
            unsafe().close(voidPromise());
            return;
        }
        // The reader still gets what came; writers are told that there is no room any more.
        ChannelOutboundBuffer buffer = unsafe().outboundBuffer();
        if (buffer != null) {
            buffer.setUserDefinedWritability(OUTPUT_GONE, false);
        }
        resumeWriting();
        if (stream.resetCode() >= 0) {
            // The peer is gone; what it left is not kept for a reader that never comes.
            linger = eventLoop().schedule(() -> unsafe().close(voidPromise()), RESET_LINGER_SECONDS, TimeUnit.SECONDS);
        }
    }

    /** Registers with the event loop of the connection; on return the handler knows of an active channel. */
    void start(ChannelHandler handler) {
        stream.attach(this);
        pipeline().addLast(handler);
        stream.mux().loop().register(this);
        if (stream.closed()) {
            unsafe().close(voidPromise());
        }
    }

    // ---- half close

    @Override
    public boolean isInputShutdown() {
        return !open || reader.isShutdown();
    }

    @Override
    public boolean isOutputShutdown() {
        return !open || stream.outputEnded() || shutdownPromise != null;
    }

    @Override
    public boolean isShutdown() {
        return isInputShutdown() && isOutputShutdown();
    }

    @Override
    public ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        runInLoop(() -> {
            reader.shutdown();
            promise.setSuccess();
            closeIfBothEnded();
        });
        return promise;
    }

    @Override
    public ChannelFuture shutdownOutput() {
        return shutdownOutput(newPromise());
    }

    /** Sends END_STREAM behind everything that was written before. */
    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
        runInLoop(() -> {
            ChannelOutboundBuffer buffer = unsafe().outboundBuffer();
            if (!open || buffer == null) {
                promise.setFailure(new ClosedChannelException());
            } else if (stream.outputEnded() || shutdownPromise != null) {
                promise.setSuccess();
            } else if (buffer.totalPendingWriteBytes() > 0) {
                shutdownPromise = promise;
                unsafe().flush();
            } else {
                finishOutput(promise);
            }
        });
        return promise;
    }

    /** Each half calls it when it has ended. */
    void closeIfBothEnded() {
        if (open && reader.isShutdown() && stream.outputEnded()) {
            unsafe().close(voidPromise());
        }
    }

    private void finishOutput(ChannelPromise promise) {
        stream.end();
        stream.mux().flushSoon();
        promise.setSuccess();
        closeIfBothEnded();
    }

    @Override
    public ChannelFuture shutdown() {
        return shutdown(newPromise());
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        shutdownInput();
        return shutdownOutput(promise);
    }

    private void runInLoop(Runnable task) {
        EventLoop loop = stream.mux().loop();
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    // ---- closing

    @Override
    protected void doClose() {
        if (!open) {
            return;
        }
        open = false;
        ScheduledFuture<?> timer = linger;
        if (timer != null) {
            // It would keep the whole connection for its time.
            timer.cancel(false);
        }
        accountUnwritten(0);
        ChannelPromise promise = shutdownPromise;
        if (promise != null) {
            shutdownPromise = null;
            promise.setFailure(new ClosedChannelException());
        }
        if (abort || writesBlocked) {
            // Something written did not get out; END_STREAM would claim that it did.
            stream.discardInput();
            stream.reset(Http2Error.CANCEL.code());
        } else {
            stream.finish();
        }
        stream.mux().flushSoon();
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    @Override
    protected void doBind(SocketAddress localAddress) {
        throw new UnsupportedOperationException("a tunnel cannot be bound");
    }

    // ---- plumbing

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return true;
    }

    @Override
    protected SocketAddress localAddress0() {
        return parent().localAddress();
    }

    @Override
    protected SocketAddress remoteAddress0() {
        return parent().remoteAddress();
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new TunnelUnsafe();
    }

    private final class TunnelUnsafe extends AbstractUnsafe {
        @Override
        public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
            promise.setFailure(new UnsupportedOperationException("a tunnel is connected from its start"));
        }

        void resume() {
            // Not flush(): that would also flush what the user has not flushed yet.
            flush0();
        }
    }

    private static final class Config extends DefaultChannelConfig {
        Config(TunnelChannel tunnel) {
            super(tunnel);
            setWriteBufferWaterMark(WATER_MARK);
        }

        @Override
        protected void autoReadCleared() {
            ((TunnelChannel) channel).reader.pause();
        }
    }
}
