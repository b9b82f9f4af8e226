package io.milepost.hbone;

import io.netty.handler.codec.http2.Http2Settings;
import java.util.Set;
import java.util.function.Supplier;

/** What {@link HboneServerBuilder} gathered. */
record ServerSettings(
        WorkloadCertificates certificates,
        Supplier<Set<String>> trustDomains,
        HboneTunnelService service,
        RequestPolicy requestPolicy,
        HboneMemoryBudget budget,
        HboneMetrics metrics,
        int maxConnections,
        Resets resets,
        int maxConcurrentStreams,
        int streamWindow,
        KeepAlive.Times keepAlive,
        long handshakeTimeoutMillis) {
    /** RST_STREAMs of a peer within a window of time, above which its connection is closed. */
    record Resets(int max, int windowSeconds) {}

    static final int MAX_FRAME = 1 << 20;
    static final int MAX_HEADER_LIST = 64 << 10;

    /** So large that tunnels nobody reads never take the credit of the others. */
    int connectionWindow() {
        return (int) Math.min(Integer.MAX_VALUE, Math.max(64L << 20, (long) maxConcurrentStreams * streamWindow));
    }

    Http2Settings http2() {
        return new Http2Settings()
                .maxConcurrentStreams(maxConcurrentStreams)
                .initialWindowSize(TunnelMux.initialWindow(streamWindow))
                .maxFrameSize(MAX_FRAME)
                .maxHeaderListSize(MAX_HEADER_LIST);
    }
}
