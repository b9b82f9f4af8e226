package io.milepost.waypoint.exchange;

import io.milepost.telemetry.LogContext;
import org.jspecify.annotations.Nullable;

/** The log's view of what a client asked for and nobody was asked to serve: it ended as it began. */
public abstract class NotServed implements LogContext {
    private final ClientConnection client;
    private final long atEpochNanos = System.currentTimeMillis() * 1_000_000;

    protected NotServed(ClientConnection client) {
        this.client = client;
    }

    @Override
    public final long startEpochNanos() {
        return atEpochNanos;
    }

    @Override
    public final long durationNanos() {
        return 0;
    }

    @Override
    public final CharSequence downstreamLocalAddress() {
        return client.localText();
    }

    @Override
    public final CharSequence downstreamRemoteAddress() {
        return client.remoteText();
    }

    @Override
    public final @Nullable CharSequence peerPrincipal() {
        return client.principal();
    }
}
