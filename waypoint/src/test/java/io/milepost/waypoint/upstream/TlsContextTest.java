package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.mesh.Cluster.UpstreamTls;
import io.netty.handler.ssl.OpenSslContext;
import io.netty.handler.ssl.SslContext;
import java.util.Objects;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class TlsContextTest {
    private static SslContext forgotten() {
        return Objects.requireNonNull(TlsContext.load(UpstreamTls.PLAIN).context());
    }

    private static void awaitRelease(OpenSslContext context) {
        await().until(() -> {
            System.gc();
            return context.refCnt() == 0;
        });
    }

    @Test
    @DisplayName("a context that was replaced gives its native memory back without a finalizer; one in use stays")
    void replaced() {
        TlsContext tls = TlsContext.load(UpstreamTls.PLAIN);
        awaitRelease((OpenSslContext) forgotten());
        assertThat(((OpenSslContext) Objects.requireNonNull(tls.context())).refCnt())
                .isEqualTo(1);
        assertThat(tls.problem()).isEmpty();
    }
}
