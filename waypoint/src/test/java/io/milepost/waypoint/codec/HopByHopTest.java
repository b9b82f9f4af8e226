package io.milepost.waypoint.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Asked of Envoy 1.40.0 (wheel) with the resources that istiod made of the recorded case log-default. */
class HopByHopTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"trailers | trailers", "'' | ''", "gzip |", "'gzip, trailers' | trailers"})
    void te(String sent, @Nullable String passed) throws BadMessageException {
        Headers h = new Headers().add("te", sent);
        HopByHop.removeFromRequest(h, false);
        assertThat(String.valueOf(h.get(HeaderName.TE))).isEqualTo(String.valueOf(passed));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Upgrade | Upgrade",
                "upgrade | upgrade",
                "'keep-alive, Upgrade' | 'keep-alive, Upgrade'",
                "UPGRADE | UPGRADE",
                "'Upgrade, X-Mine' | Upgrade",
            })
    void connectionOfAnUpgrade(String sent, String passed) throws BadMessageException {
        Headers h = new Headers()
                .add("connection", sent)
                .add("upgrade", "websocket")
                .add("x-mine", "1");
        HopByHop.removeFromRequest(h, true);
        assertThat(String.valueOf(h.get(HeaderName.CONNECTION))).isEqualTo(passed);
        assertThat(String.valueOf(h.get(HeaderName.UPGRADE))).isEqualTo("websocket");
        assertThat(h.contains(HeaderName.of("x-mine"))).isEqualTo(!sent.contains("X-Mine"));
        HopByHop.removeFromRequest(h, false);
        assertThat(h.contains(HeaderName.CONNECTION)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"'' |", "trailers | trailers"})
    void teThatIsNamedByConnection(String sent, @Nullable String passed) throws BadMessageException {
        Headers h = new Headers().add("te", sent).add("connection", "te");
        HopByHop.removeFromRequest(h, false);
        assertThat(String.valueOf(h.get(HeaderName.TE))).isEqualTo(String.valueOf(passed));
    }
}
