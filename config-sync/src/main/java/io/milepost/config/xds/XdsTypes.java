package io.milepost.config.xds;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.StringValue;
import com.google.protobuf.TypeRegistry;
import io.envoyproxy.envoy.extensions.access_loggers.file.v3.FileAccessLog;
import io.envoyproxy.envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter;
import io.envoyproxy.envoy.extensions.filters.http.cors.v3.CorsPolicy;
import io.envoyproxy.envoy.extensions.filters.http.ext_authz.v3.ExtAuthz;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy;
import io.envoyproxy.envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig;
import io.envoyproxy.envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport;
import io.envoyproxy.envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport;
import io.envoyproxy.envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import java.util.List;
import java.util.Optional;

/** The extension types that istiod uses in a waypoint's configuration. */
final class XdsTypes {
    static final TypeRegistry REGISTRY = TypeRegistry.newBuilder()
            .add(List.of(
                    HttpConnectionManager.getDescriptor(),
                    TcpProxy.getDescriptor(),
                    io.envoyproxy.envoy.extensions.filters.http.rbac.v3.RBAC.getDescriptor(),
                    io.envoyproxy.envoy.extensions.filters.network.rbac.v3.RBAC.getDescriptor(),
                    ExtAuthz.getDescriptor(),
                    JwtAuthentication.getDescriptor(),
                    HTTPFault.getDescriptor(),
                    io.envoyproxy.envoy.extensions.filters.http.cors.v3.Cors.getDescriptor(),
                    CorsPolicy.getDescriptor(),
                    io.envoyproxy.envoy.extensions.filters.http.router.v3.Router.getDescriptor(),
                    io.envoyproxy.envoy.extensions.filters.http.grpc_stats.v3.FilterConfig.getDescriptor(),
                    io.envoyproxy.envoy.extensions.filters.http.grpc_web.v3.GrpcWeb.getDescriptor(),
                    io.envoyproxy.envoy.extensions.filters.http.set_filter_state.v3.Config.getDescriptor(),
                    io.envoyproxy.envoy.extensions.filters.network.set_filter_state.v3.Config.getDescriptor(),
                    io.envoyproxy.envoy.extensions.filters.listener.original_dst.v3.OriginalDst.getDescriptor(),
                    io.envoyproxy.envoy.extensions.filters.listener.http_inspector.v3.HttpInspector.getDescriptor(),
                    io.envoyproxy.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector.getDescriptor(),
                    io.envoyproxy.envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig.getDescriptor(),
                    io.envoyproxy.envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate.getDescriptor(),
                    io.envoyproxy.envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery.getDescriptor(),
                    io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput
                            .getDescriptor(),
                    io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput.getDescriptor(),
                    io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.ApplicationProtocolInput
                            .getDescriptor(),
                    com.github.xds.type.matcher.v3.IPMatcher.getDescriptor(),
                    com.github.udpa.udpa.type.v1.TypedStruct.getDescriptor(),
                    UriTemplateMatchConfig.getDescriptor(),
                    ExpressionFilter.getDescriptor(),
                    FileAccessLog.getDescriptor(),
                    InternalUpstreamTransport.getDescriptor(),
                    ProxyProtocolUpstreamTransport.getDescriptor(),
                    RawBuffer.getDescriptor(),
                    UpstreamTlsContext.getDescriptor(),
                    DownstreamTlsContext.getDescriptor(),
                    HttpProtocolOptions.getDescriptor(),
                    StringValue.getDescriptor(),
                    io.envoyproxy.envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig
                            .getDescriptor()))
            .build();

    private XdsTypes() {}

    /** The content when it has this type and can be read. */
    static <T extends Message> Optional<T> unpack(Any any, Class<T> type) {
        if (!any.is(type)) {
            return Optional.empty();
        }
        try {
            return Optional.of(any.unpack(type));
        } catch (InvalidProtocolBufferException e) {
            return Optional.empty();
        }
    }

    /** The name of the type without its host; what a TypedStruct carries is named by its own type. */
    static String typeOf(Any any) {
        String url = unpack(any, com.github.udpa.udpa.type.v1.TypedStruct.class)
                .map(s -> s.getTypeUrl())
                .orElse(any.getTypeUrl());
        return url.substring(url.lastIndexOf('/') + 1);
    }
}
