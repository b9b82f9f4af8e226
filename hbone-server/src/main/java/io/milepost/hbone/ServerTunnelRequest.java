package io.milepost.hbone;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One CONNECT of a client. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class ServerTunnelRequest implements TunnelRequest {
    private final TunnelStream stream;
    private final Http2Headers headers;
    private final String authority;
    private final PeerConnection peer;
    private boolean answered;

    ServerTunnelRequest(TunnelStream stream, Http2Headers headers, PeerConnection peer) {
        this.stream = stream;
        this.headers = headers;
        this.authority = String.valueOf(headers.authority());
        this.peer = peer;
    }

    @Override
    public String authority() {
        return authority;
    }

    @Override
    public @Nullable String header(String name) {
        CharSequence value = headers.get(name);
        return value == null ? null : value.toString();
    }

    @Override
    public PeerConnection peer() {
        return peer;
    }

    @Override
    public EventLoop eventLoop() {
        return stream.mux().loop();
    }

    @Override
    public boolean isCancelled() {
        return stream.closed() || stream.resetCode() >= 0;
    }

    @Override
    public Channel accept(ChannelHandler handler) {
        return accept(handler, List.of());
    }

    @Override
    public Channel accept(ChannelHandler handler, List<String> responseHeaders) {
        answer();
        stream.mux().metrics().count(HboneMetrics.Counter.TUNNELS_OPENED);
        if (!stream.closed()) {
            Http2Headers response = new DefaultHttp2Headers(false).status("200");
            for (int i = 0; i + 1 < responseHeaders.size(); i += 2) {
                response.add(responseHeaders.get(i), responseHeaders.get(i + 1));
            }
            stream.headers(response, false);
        }
        TunnelChannel channel = new TunnelChannel(stream);
        channel.start(handler);
        return channel;
    }

    @Override
    public void refuse(int status) {
        answer();
        stream.mux().metrics().count(HboneMetrics.Counter.TUNNELS_REFUSED);
        if (stream.closed()) {
            return;
        }
        stream.headers(new DefaultHttp2Headers(false).status(Integer.toString(status)), true);
        stream.finish();
    }

    void refuseAfterError() {
        if (answered) {
            stream.reset(Http2Error.INTERNAL_ERROR.code());
        } else {
            refuse(503);
        }
    }

    private void answer() {
        if (answered) {
            throw new IllegalStateException("the CONNECT to " + authority + " was answered already");
        }
        answered = true;
    }
}
