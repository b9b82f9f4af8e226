package io.milepost.hbone;

import java.nio.ByteBuffer;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Leaves that were verified against the present roots and what they say, the least recently seen thrown out first. A peer
 * connects again and again with the same certificate: validating its path and parsing its names costs 0.4 ms each time, as
 * much as half of BoringSSL's handshake. That the peer holds the key is proven by every handshake anew.
 */
final class VerifiedPeers {
    /** A leaf, its names and a map entry are about 2 KiB. */
    static final int LIMIT = 1024;

    private final int limit;
    private final LongSupplier epochMillis;
    /** Access order writes at each look: guarded by itself. Once per handshake, so nobody waits for long. */
    private final Map<ByteBuffer, Peer> peers = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Peer> eldest) {
            return size() > limit;
        }
    };

    /** @param notAfterMillis when the first certificate of the chain expires that it came with */
    private record Peer(List<String> identities, long notAfterMillis) {}

    VerifiedPeers(int limit, LongSupplier epochMillis) {
        this.limit = limit;
        this.epochMillis = epochMillis;
    }

    /** SPIFFE identities of a leaf that is still valid; null when it must be verified. */
    @Nullable
    List<String> find(X509Certificate leaf) throws CertificateException {
        ByteBuffer key = ByteBuffer.wrap(leaf.getEncoded());
        synchronized (peers) {
            Peer peer = peers.get(key);
            if (peer == null) {
                return null;
            }
            if (epochMillis.getAsLong() > peer.notAfterMillis) {
                peers.remove(key);
                return null;
            }
            return peer.identities;
        }
    }

    /** The chain leads to one of the roots and is valid now. */
    List<String> add(X509Certificate[] chain) throws CertificateException {
        List<String> identities = List.copyOf(SpiffeIds.of(chain[0]));
        long notAfter = Long.MAX_VALUE;
        for (X509Certificate certificate : chain) {
            notAfter = Math.min(notAfter, certificate.getNotAfter().toInstant().toEpochMilli());
        }
        Peer peer = new Peer(identities, notAfter);
        ByteBuffer key = ByteBuffer.wrap(chain[0].getEncoded());
        synchronized (peers) {
            peers.put(key, peer);
        }
        return identities;
    }

    int size() {
        synchronized (peers) {
            return peers.size();
        }
    }
}
