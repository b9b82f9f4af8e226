package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What of a request matters to the connection that it needs. */
class TraitsTest {
    private final Fixture f = new Fixture();

    @Test
    @DisplayName("traits: server names and addresses from text")
    void traits() {
        f.tls = Optional.of(ConnectorRig.tls(null, ""));
        assertThat(Traits.of(f.cluster(), "API.Example:443", null, null).serverName())
                .isEqualTo("api.example");
        assertThat(Traits.of(f.cluster(), "[2001:db8::1]:443", null, null).serverName())
                .isEqualTo("2001:db8::1");
        assertThat(Traits.matter(f.cluster())).isTrue();
        f.tls = Optional.of(ConnectorRig.tls(null, "fixed.example"));
        assertThat(Traits.matter(f.cluster())).isFalse();
        assertThat(Traits.address("10.0.0.1:80")).isEqualTo(new InetSocketAddress("10.0.0.1", 80));
        assertThat(Traits.address("[2001:db8::1]:80")).isEqualTo(new InetSocketAddress("2001:db8::1", 80));
        assertThat(Traits.address("envoy://main_internal/")).isNull();
    }
}
