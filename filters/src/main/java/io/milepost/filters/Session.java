package io.milepost.filters;

import io.netty.util.AsciiString;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * What a session token says: which backend and endpoint a client is bound to, and since when. It is opaque to clients but
 * not sealed: who forges one can only ask for another endpoint of the same rule.
 *
 * @param cluster, endpoint {@link #id} of their names, so that tokens don't tell addresses of pods
 * @param createdMillis, usedMillis since the epoch: when the session began, and when its token was last renewed
 */
public record Session(long cluster, long endpoint, long createdMillis, long usedMillis) {
    private static final byte FORM = 1;
    private static final int BYTES = 1 + 4 * Long.BYTES;
    private static final int CHARACTERS = (BYTES * 4 + 2) / 3;

    /** A number for a name, the same in every waypoint. */
    public static long id(CharSequence name) {
        byte[] b = name.toString().getBytes(StandardCharsets.UTF_8);
        return XxHash64.hash(b, 0, b.length, 0);
    }

    /** As it stands in a cookie or header. */
    AsciiString token() {
        ByteBuffer b = ByteBuffer.allocate(BYTES)
                .put(FORM)
                .putLong(cluster)
                .putLong(endpoint)
                .putLong(createdMillis)
                .putLong(usedMillis);
        return new AsciiString(Base64.getUrlEncoder().withoutPadding().encode(b.array()), false);
    }

    /** Null for what is no token of ours. */
    static @Nullable Session parse(AsciiString token) {
        if (token.length() != CHARACTERS) {
            return null;
        }
        try {
            ByteBuffer b = ByteBuffer.wrap(Base64.getUrlDecoder().decode(token.toByteArray()));
            return b.get() == FORM ? new Session(b.getLong(), b.getLong(), b.getLong(), b.getLong()) : null;
        } catch (IllegalArgumentException e) {
            // Another proxy's cookie of the same name, or garbage: the client begins a new session.
            return null;
        }
    }
}
