package io.milepost.filters;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.RouteAction.SessionPersistence;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules of GEP-1619 (session persistence of the Gateway API). */
class SessionPlanTest {
    private static final long NOW = 1_800_000_000_000L;
    private static final long CLUSTER = Session.id("inbound-vip|80|http|echo.default.svc.cluster.local");
    private static final long POD = Session.id("10.0.0.1:8080 uid");

    private static SessionPlan plan(boolean cookie, boolean permanent, long absolute, long idle) {
        return Objects.requireNonNull(SessionPlan.compile(
                Optional.of(new SessionPersistence(cookie, "sid", cookie ? "/" : "", permanent, absolute, idle))));
    }

    /** What a client without a session is told. */
    private static String told(SessionPlan p, long now) {
        return Objects.requireNonNull(told(p, null, POD, now));
    }

    private static @Nullable String told(SessionPlan p, @Nullable Session known, long pod, long now) {
        ResponseHead r = new ResponseHead(200, new Headers());
        p.write(r, known, CLUSTER, pod, now);
        AsciiString cookie = r.headers().get(HeaderName.SET_COOKIE);
        AsciiString header = r.headers().get(HeaderName.of("sid"));
        return cookie != null ? cookie.toString() : header != null ? header.toString() : null;
    }

    private static RequestHead with(String setCookie) {
        int end = setCookie.indexOf(';');
        return Heads.get("/", "cookie", "a=b; " + (end < 0 ? setCookie : setCookie.substring(0, end)));
    }

    @Test
    @DisplayName("a session cookie has no age, a permanent one the session's (cookieConfig.lifetimeType)")
    void lifetimes() {
        assertThat(told(plan(true, false, 3_600_000, 0), NOW)).matches("sid=[\\w-]{44}; Path=/; HttpOnly");
        assertThat(told(plan(true, true, 3_600_000, 0), NOW)).matches("sid=[\\w-]{44}; Max-Age=3600; Path=/; HttpOnly");
        assertThat(told(plan(false, false, 0, 0), NOW)).matches("[\\w-]{44}");
    }

    @Test
    void theTokenNamesBackendAndEndpointButNotTheirAddresses() {
        SessionPlan p = plan(true, false, 0, 0);
        String cookie = told(p, NOW);
        assertThat(p.read(with(cookie), NOW + 1)).isEqualTo(new Session(CLUSTER, POD, NOW, NOW));
        SessionPlan header = plan(false, false, 0, 0);
        assertThat(header.read(Heads.get("/", "sid", told(header, NOW)), NOW))
                .isEqualTo(new Session(CLUSTER, POD, NOW, NOW));
        assertThat(header.read(with(cookie), NOW))
                .as("a header's session is in no cookie")
                .isNull();
    }

    @Test
    @DisplayName("absoluteTimeout counts from the beginning, also for session cookies")
    void absolute() {
        SessionPlan p = plan(true, false, 10_000, 0);
        RequestHead r = with(told(p, NOW));
        assertThat(p.read(r, NOW + 9_999)).isNotNull();
        assertThat(p.read(r, NOW + 10_000)).isNull();
        assertThat(p.read(r, NOW - 10_001)).as("a token from the future").isNull();
    }

    @Test
    @DisplayName("idleTimeout counts from the last use: every answer renews the token, and the session's age stays")
    void idle() {
        SessionPlan p = plan(true, true, 60_000, 10_000);
        String first = told(p, NOW);
        Session at9 = Objects.requireNonNull(p.read(with(first), NOW + 9_000));
        String second = Objects.requireNonNull(told(p, at9, POD, NOW + 9_000));
        assertThat(second).contains("Max-Age=51;");
        assertThat(p.read(with(first), NOW + 10_000)).isNull();
        assertThat(p.read(with(second), NOW + 18_000)).isEqualTo(new Session(CLUSTER, POD, NOW, NOW + 9_000));
    }

    @Test
    void aKnownSessionIsNotRepeatedAndAnotherEndpointBeginsANewOne() {
        SessionPlan p = plan(true, true, 60_000, 0);
        Session known = new Session(CLUSTER, POD, NOW - 50_000, NOW - 50_000);
        assertThat(told(p, known, POD, NOW)).isNull();
        String moved = Objects.requireNonNull(told(p, known, POD + 1, NOW));
        assertThat(moved).contains("Max-Age=60;");
        assertThat(p.read(with(moved), NOW)).isEqualTo(new Session(CLUSTER, POD + 1, NOW, NOW));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "not-base64-!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!",
                "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            })
    void whatIsNoTokenIsNoSession(String token) {
        assertThat(plan(true, false, 0, 0).read(with("sid=" + token), NOW)).isNull();
        assertThat(plan(false, false, 0, 0).read(Heads.get("/", "sid", token), NOW))
                .isNull();
    }

    @Test
    @DisplayName("a session keeps its backend, whatever the weights are now")
    void backends() {
        ForwardPlan p = ForwardPlanTest.plan(
                Optional.of(new SessionPersistence(true, "sid", "/", false, 0, 0)), List.of("a", "b"));
        ForwardPlan.Target b = p.targets().get(1);
        assertThat(p.of(new Session(b.id(), 1, NOW, NOW))).isSameAs(b);
        assertThat(p.of(new Session(Session.id("gone"), 1, NOW, NOW))).isNull();
        assertThat(ForwardPlanTest.plan(Optional.empty(), List.of("a")).session())
                .isNull();
    }
}
