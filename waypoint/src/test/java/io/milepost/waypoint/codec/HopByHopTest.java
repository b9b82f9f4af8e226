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
}
