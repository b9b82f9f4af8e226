package io.milepost.hbone;

import java.net.InetAddress;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What {@link HboneClientBuilder} gathered. */
record ClientSettings(
        WorkloadCertificates certificates,
        Supplier<Set<String>> trustDomains,
        @Nullable InetAddress sourceAddress,
        HboneMemoryBudget budget,
        HboneMetrics metrics,
        int tunnelsPerConnection,
        int maxWaiting,
        int streamWindow,
        int connectTimeoutMillis,
        long handshakeTimeoutMillis,
        long answerTimeoutMillis,
        KeepAlive.Times keepAlive) {}
