package io.milepost.config.xds;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.ProxyProtocolConfig;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport;
import io.envoyproxy.envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport;
import io.envoyproxy.envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CommonTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext;
import io.milepost.mesh.Cluster;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** TLS and PROXY protocol towards the application, as they lie in each other. */
final class UpstreamTlsReader {
    private UpstreamTlsReader() {}

    static Optional<Cluster.ProxyProtocol> proxyProtocol(TransportSocket socket) {
        Optional<InternalUpstreamTransport> internal =
                XdsTypes.unpack(socket.getTypedConfig(), InternalUpstreamTransport.class);
        if (internal.isPresent()) {
            return proxyProtocol(internal.get().getTransportSocket());
        }
        return XdsTypes.unpack(socket.getTypedConfig(), ProxyProtocolUpstreamTransport.class)
                .map(p -> p.getConfig().getVersion() == ProxyProtocolConfig.Version.V2
                        ? Cluster.ProxyProtocol.V2
                        : Cluster.ProxyProtocol.V1);
    }

    static Optional<Cluster.UpstreamTls> tls(TransportSocket socket, String where, Findings findings) {
        Any any = socket.getTypedConfig();
        if (!socket.hasTypedConfig() || any.is(RawBuffer.class)) {
            return Optional.empty();
        }
        Optional<InternalUpstreamTransport> internal = XdsTypes.unpack(any, InternalUpstreamTransport.class);
        if (internal.isPresent()) {
            return tls(internal.get().getTransportSocket(), where, findings);
        }
        Optional<ProxyProtocolUpstreamTransport> proxy = XdsTypes.unpack(any, ProxyProtocolUpstreamTransport.class);
        if (proxy.isPresent()) {
            return tls(proxy.get().getTransportSocket(), where, findings);
        }
        Optional<UpstreamTlsContext> tls = XdsTypes.unpack(any, UpstreamTlsContext.class);
        if (tls.isEmpty()) {
            findings.add(
                    where,
                    "transport_socket " + XdsTypes.typeOf(any)
                            + " is not known: TLS with the mesh's roots is used, so that nothing goes out in the clear");
            return Optional.of(Cluster.UpstreamTls.PLAIN);
        }
        return Optional.of(read(tls.get(), where, findings));
    }

    private static Cluster.UpstreamTls read(UpstreamTlsContext t, String where, Findings findings) {
        CommonTlsContext c = t.getCommonTlsContext();
        CertificateValidationContext v = c.hasCombinedValidationContext()
                ? c.getCombinedValidationContext().getDefaultValidationContext()
                : c.getValidationContext();
        List<ValueMatch> sans = new ArrayList<>();
        v.getMatchTypedSubjectAltNamesList()
                .forEach(s -> Values.value(s.getMatcher())
                        .ifPresentOrElse(sans::add, () -> findings.add(where, "a subject alt name is not understood")));
        String roots = c.hasCombinedValidationContext()
                ? c.getCombinedValidationContext()
                        .getValidationContextSdsSecretConfig()
                        .getName()
                : c.getValidationContextSdsSecretConfig().getName();
        String own = c.getTlsCertificateSdsSecretConfigsCount() > 0
                ? c.getTlsCertificateSdsSecretConfigs(0).getName()
                : "";
        Optional<String> ca = roots.startsWith("file-root:")
                ? Optional.of(roots.substring("file-root:".length())).filter(f -> !f.equals("system"))
                : present(v.getTrustedCa().getFilename());
        Optional<String> cert = Optional.empty();
        Optional<String> key = Optional.empty();
        int tilde = own.indexOf('~');
        if (own.startsWith("file-cert:") && tilde > 0) {
            cert = Optional.of(own.substring("file-cert:".length(), tilde));
            key = Optional.of(own.substring(tilde + 1));
        }
        boolean verified = !roots.isEmpty() || v.hasTrustedCa() || v.hasSystemRootCerts();
        return new Cluster.UpstreamTls(
                present(t.getSni()),
                sans,
                ca,
                cert,
                key,
                !verified,
                c.getAlpnProtocolsList().contains("h2"));
    }

    private static Optional<String> present(String s) {
        return s.isEmpty() ? Optional.empty() : Optional.of(s);
    }
}
