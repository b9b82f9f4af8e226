package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.RouteAction.SessionPersistence;
import io.netty.util.AsciiString;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Session persistence of a rule, compiled (Gateway API, GEP-1619): {@link #read} says which session a request belongs to,
 * {@link #write} tells the client the session of the endpoint that answered. Immutable.
 */
public final class SessionPlan {
    private final SessionPersistence settings;
    private final HeaderName header;

    private SessionPlan(SessionPersistence settings) {
        this.settings = settings;
        this.header = HeaderName.of(settings.name());
    }

    static @Nullable SessionPlan compile(Optional<SessionPersistence> settings) {
        return settings.map(SessionPlan::new).orElse(null);
    }

    /** The session that the request belongs to; null when it has none, or one that has expired. */
    public @Nullable Session read(RequestHead request, long nowMillis) {
        Headers h = request.headers();
        AsciiString token = settings.cookie() ? Cookies.find(settings.name(), h) : h.get(header);
        Session s = token == null ? null : Session.parse(token);
        return s == null
                        || expired(s.createdMillis(), settings.absoluteMillis(), nowMillis)
                        || expired(s.usedMillis(), settings.idleMillis(), nowMillis)
                ? null
                : s;
    }

    private static boolean expired(long since, long millis, long nowMillis) {
        // A token from the future is a forgery or another machine's clock: it would never expire.
        return millis > 0 && (since > nowMillis + millis || nowMillis - since >= millis);
    }

    /**
     * Tells the client its session, if it does not know it yet or must hear that it was used.
     *
     * @param known of {@link #read}
     * @param cluster, endpoint {@link Session#id} of those that answered
     */
    public void write(ResponseHead response, @Nullable Session known, long cluster, long endpoint, long nowMillis) {
        long created = nowMillis;
        if (known != null && known.cluster() == cluster && known.endpoint() == endpoint) {
            if (settings.idleMillis() <= 0) {
                return;
            }
            created = known.createdMillis();
        }
        AsciiString token = new Session(cluster, endpoint, created, nowMillis).token();
        if (settings.cookie()) {
            response.headers().add(HeaderName.SET_COOKIE, cookie(token, created, nowMillis));
        } else {
            response.headers().set(header, token);
        }
    }

    /** A permanent cookie lives as long as its session; the other kind until the client forgets its session cookies. */
    private AsciiString cookie(AsciiString token, long created, long nowMillis) {
        StringBuilder s =
                new StringBuilder(128).append(settings.name()).append('=').append(token);
        if (settings.permanent() && settings.absoluteMillis() > 0) {
            long left = created + settings.absoluteMillis() - nowMillis;
            s.append("; Max-Age=").append(Math.max(1, (left + 999) / 1_000));
        }
        if (!settings.path().isEmpty()) {
            s.append("; Path=").append(settings.path());
        }
        return AsciiString.of(s.append("; HttpOnly"));
    }
}
