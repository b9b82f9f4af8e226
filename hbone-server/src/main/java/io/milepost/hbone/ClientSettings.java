package io.milepost.hbone;

import java.util.Set;
import java.util.function.Supplier;

/** What {@link HboneClientBuilder} gathered. */
record ClientSettings(
        WorkloadCertificates certificates,
        Supplier<Set<String>> trustDomains,
        HboneMemoryBudget budget,
        int tunnelsPerConnection,
        int maxWaiting,
        int streamWindow,
        int connectTimeoutMillis,
        long handshakeTimeoutMillis,
        long answerTimeoutMillis,
        KeepAlive.Times keepAlive) {}
