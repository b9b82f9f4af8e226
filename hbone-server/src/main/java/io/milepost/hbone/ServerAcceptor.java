package io.milepost.hbone;

import io.milepost.hbone.TunnelRequest.PeerConnection;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sorts the requests of one connection: plain CONNECTs become tunnel requests, the rest is answered at once. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class ServerAcceptor implements MuxListener.Acceptor {
    private static final Logger log = LoggerFactory.getLogger(ServerAcceptor.class);
    private static final String PROTOCOL = ":protocol";

    private final TunnelMux mux;
    private final HboneTunnelService service;
    private final RequestPolicy policy;
    private final PeerConnection peer;

    ServerAcceptor(TunnelMux mux, HboneTunnelService service, RequestPolicy policy, PeerConnection peer) {
        this.mux = mux;
        this.service = service;
        this.policy = policy;
        this.peer = peer;
    }

    @Override
    public void onRequest(int streamId, Http2Headers headers, boolean endOfStream) {
        int refusal = refusal(headers);
        if (refusal != 0) {
            mux.metrics().count(HboneMetrics.Counter.REQUESTS_MALFORMED);
            refuse(streamId, refusal, endOfStream);
            if (refusal > 0) {
                service.refused(peer, headers.method(), headers.authority(), headers.path(), refusal);
            }
            return;
        }
        Http2Stream stream = mux.connection().stream(streamId);
        if (stream == null) {
            return;
        }
        TunnelStream tunnel = mux.newTunnel(stream, null);
        ServerTunnelRequest request = new ServerTunnelRequest(tunnel, headers, peer);
        if (endOfStream) {
            tunnel.onHeaders(headers, true);
        }
        if (mux.budget().isExceeded()) {
            mux.metrics().count(HboneMetrics.Counter.TUNNELS_OUT_OF_MEMORY);
            request.refuse(503);
            return;
        }
        try {
            service.serve(request);
        } catch (RuntimeException e) {
            log.error("{} the tunnel service failed for CONNECT {}", mux.channel(), request.authority(), e);
            request.refuseAfterError();
        }
    }

    private int refusal(Http2Headers headers) {
        if (!"CONNECT".contentEquals(headers.method())) {
            return policy.notConnect();
        }
        if (headers.contains(PROTOCOL)) {
            return policy.extendedConnect();
        }
        if (headers.scheme() != null || headers.path() != null) {
            return policy.malformedConnect();
        }
        CharSequence authority = headers.authority();
        if (authority == null) {
            return policy.missingAuthority();
        }
        return authority.isEmpty() ? policy.malformedConnect() : 0;
    }

    private void refuse(int streamId, int refusal, boolean endOfStream) {
        if (refusal == RequestPolicy.CLOSE_CONNECTION) {
            // Not an Http2Exception: whoever provokes one would fill the log with stack traces.
            log.debug("{} malformed CONNECT, closing the connection", mux.channel());
            mux.writeGoAway(streamId, Http2Error.PROTOCOL_ERROR);
            mux.flushAndClose();
            return;
        }
        if (refusal == RequestPolicy.RESET_STREAM) {
            mux.writeReset(streamId, Http2Error.PROTOCOL_ERROR.code());
            return;
        }
        mux.writeHeaders(streamId, new DefaultHttp2Headers(false).status(Integer.toString(refusal)), true);
        if (!endOfStream) {
            mux.writeReset(streamId, Http2Error.NO_ERROR.code());
        }
    }
}
