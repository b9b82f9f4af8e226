package io.milepost.config.xds;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.ExtAuthz;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.http.rbac.v3.RBAC;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ServerHeaderTransformation;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.milepost.mesh.HttpChain;
import io.milepost.mesh.HttpSettings;
import io.milepost.mesh.HttpSettings.PathNormalization;
import io.milepost.mesh.OwnHeaders;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.RouteTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** An HTTP connection manager to an HTTP chain. */
final class HttpChainReader {
    /** Filters whose work is a fixed part of the data path, or which only observe. */
    private static final Set<String> BUILT_IN = Set.of(
            "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig",
            "envoy.extensions.filters.http.cors.v3.Cors",
            "envoy.extensions.filters.http.router.v3.Router",
            "envoy.extensions.filters.http.set_filter_state.v3.Config",
            "io.istio.http.peer_metadata.Config",
            "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig",
            "stats.PluginConfig");

    private final Findings findings;

    HttpChainReader(Findings findings) {
        this.findings = findings;
    }

    HttpChain read(ChainName name, HttpConnectionManager hcm, SecurityReader security) {
        String where = "chain " + name.name();
        boolean grpcWeb = false;
        for (HttpFilter f : hcm.getHttpFiltersList()) {
            grpcWeb |= filter(where, f, security);
        }
        if (!hcm.hasRouteConfig()) {
            findings.add(
                    where, "its routes come from elsewhere (RDS or scoped routes) and are not read: it answers 404");
        }
        return new HttpChain(
                name.name(),
                name.host(),
                name.port(),
                routes(where, hcm.getRouteConfig()),
                security.build(),
                new HttpSettings(normalization(hcm), hcm.getServerName(), grpcWeb, headers(hcm)),
                new AccessLogReader(where, findings).read(hcm.getAccessLogList()));
    }

    private static OwnHeaders headers(HttpConnectionManager hcm) {
        boolean suppressed = hcm.getHttpFiltersList().stream()
                .flatMap(f -> XdsTypes.unpack(f.getTypedConfig(), Router.class).stream())
                .anyMatch(Router::getSuppressEnvoyHeaders);
        // istiod writes it to all routes or to none.
        boolean forwardedHost = hcm.getRouteConfig().getVirtualHostsList().stream()
                .flatMap(h -> h.getRoutesList().stream())
                .anyMatch(r -> r.getRoute().getAppendXForwardedHost());
        return new OwnHeaders(
                hcm.getServerHeaderTransformation() != ServerHeaderTransformation.PASS_THROUGH,
                !hcm.hasGenerateRequestId() || hcm.getGenerateRequestId().getValue(),
                !suppressed,
                forwardedHost);
    }

    /** Whether it was gRPC-Web. */
    private boolean filter(String where, HttpFilter f, SecurityReader security) {
        Any config = f.getTypedConfig();
        String type = XdsTypes.typeOf(config);
        Optional<RBAC> rbac = XdsTypes.unpack(config, RBAC.class);
        Optional<ExtAuthz> ext = XdsTypes.unpack(config, ExtAuthz.class);
        Optional<HTTPFault> fault = XdsTypes.unpack(config, HTTPFault.class);
        if (rbac.isPresent()) {
            security.http(rbac.get());
        } else if (ext.isPresent()) {
            security.extAuthz(ext.get());
        } else if (fault.isPresent()) {
            if (!fault.get().equals(HTTPFault.getDefaultInstance())) {
                findings.add(where, "a fault for the whole chain has no effect; write it to the routes");
            }
        } else if (type.equals("envoy.extensions.filters.http.grpc_web.v3.GrpcWeb")) {
            return true;
        } else if (!BUILT_IN.contains(type)) {
            security.unknown(f.getName(), config);
        }
        return false;
    }

    private RouteTable routes(String where, RouteConfiguration config) {
        List<RouteRule> rules = new ArrayList<>();
        List<String> domains = List.of("*");
        if (config.getVirtualHostsCount() > 0) {
            VirtualHost host = config.getVirtualHosts(0);
            domains = host.getDomainsList();
            if (hasExtras(config, host)) {
                findings.add(where, "settings of a virtual host besides its routes have no effect");
            }
            RouteReader reader = new RouteReader(where, findings);
            host.getRoutesList().forEach(r -> rules.add(reader.read(r)));
        }
        if (config.getVirtualHostsCount() > 1) {
            findings.add(where, "only the first of several virtual hosts is used");
        }
        return new RouteTable(config.getName(), domains, rules);
    }

    private static boolean hasExtras(RouteConfiguration c, VirtualHost h) {
        return c.getRequestHeadersToAddCount() > 0
                || c.getResponseHeadersToAddCount() > 0
                || c.getRequestHeadersToRemoveCount() > 0
                || c.getResponseHeadersToRemoveCount() > 0
                || c.getTypedPerFilterConfigCount() > 0
                || h.getRequestHeadersToAddCount() > 0
                || h.getResponseHeadersToAddCount() > 0
                || h.getRequestHeadersToRemoveCount() > 0
                || h.getResponseHeadersToRemoveCount() > 0
                || h.getTypedPerFilterConfigCount() > 0
                || h.hasRetryPolicy()
                || h.hasMatcher();
    }

    private static PathNormalization normalization(HttpConnectionManager hcm) {
        if (!hcm.getNormalizePath().getValue()) {
            return PathNormalization.NONE;
        }
        if (!hcm.getMergeSlashes()) {
            return PathNormalization.BASE;
        }
        return switch (hcm.getPathWithEscapedSlashesAction()) {
            case UNESCAPE_AND_FORWARD, UNESCAPE_AND_REDIRECT -> PathNormalization.DECODE_AND_MERGE_SLASHES;
            default -> PathNormalization.MERGE_SLASHES;
        };
    }
}
