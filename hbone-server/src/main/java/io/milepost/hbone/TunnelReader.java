package io.milepost.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;

/**
 * The reading half of a {@link TunnelChannel}: who may be handed bytes now, when a batch of reads is complete, and when the
 * end of the input is told. Follows {@code autoRead} exactly as a socket does. Confined to the channel's event loop.
 */
final class TunnelReader {
    private final TunnelChannel channel;
    private final TunnelStream stream;
    private boolean readPending;
    private boolean drainScheduled;
    private boolean draining;
    private boolean readCompletePending;
    private boolean endTold;

    TunnelReader(TunnelChannel channel, TunnelStream stream) {
        this.channel = channel;
        this.stream = stream;
    }

    /** Whether bytes that come now need not be queued. */
    boolean takesDirectly() {
        return readPending && !draining && channel.isRegistered() && !stream.hasQueued();
    }

    void deliver(ByteBuf data) {
        if (!channel.config().isAutoRead()) {
            readPending = false;
        }
        completeSoon();
        channel.pipeline().fireChannelRead(data);
    }

    /** The peer ended its direction; what is queued comes first. */
    void onInputEnd() {
        if (readPending || channel.config().isAutoRead()) {
            completeSoon();
        }
    }

    private void completeSoon() {
        if (!readCompletePending) {
            readCompletePending = true;
            if (!draining) {
                stream.mux().readCompleteSoon(channel);
            }
        }
    }

    /** The connection's read loop ended. */
    void fireReadComplete() {
        if (!readCompletePending) {
            return;
        }
        readCompletePending = false;
        if (!channel.isRegistered()) {
            return;
        }
        if (channel.config().isAutoRead()) {
            readPending = false;
        }
        channel.pipeline().fireChannelReadComplete();
        tellEndIfDone();
    }

    private void tellEndIfDone() {
        if (!channel.isOpen() || endTold || !readPending || !stream.inputEnded() || stream.hasQueued()) {
            return;
        }
        endTold = true;
        channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        channel.pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        channel.closeIfBothEnded();
    }

    /** The pipeline asks for bytes. */
    void begin() {
        readPending = true;
        if ((stream.hasQueued() || stream.inputEnded()) && !drainScheduled && !draining && !endTold) {
            // Not at once: read() is often called from the writability events of the other side.
            drainScheduled = true;
            channel.eventLoop().execute(this::drain);
        }
    }

    private void drain() {
        drainScheduled = false;
        draining = true;
        try {
            while (channel.isOpen() && readPending) {
                ByteBuf data = stream.poll();
                if (data == null) {
                    break;
                }
                int length = data.readableBytes();
                deliver(data);
                stream.credit(length);
            }
        } finally {
            draining = false;
        }
        if (readCompletePending) {
            fireReadComplete();
        } else {
            tellEndIfDone();
        }
        if (channel.isOpen() && readPending && stream.hasQueued()) {
            begin();
        }
    }

    /** {@code autoRead} was switched off. */
    void pause() {
        readPending = false;
    }

    /** Nothing is read any more, whatever comes. */
    void shutdown() {
        endTold = true;
        stream.discardInput();
    }

    /** Whether the reader knows that there is no more, or wants none. */
    boolean isShutdown() {
        return endTold;
    }

    /** Whether the reader has not had all that came, or was not told so yet. */
    boolean hasUnread() {
        return !endTold && (stream.hasQueued() || readCompletePending || drainScheduled);
    }
}
