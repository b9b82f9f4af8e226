package io.milepost.testbed.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.AsciiString;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One TLS connection of {@link HboneTestClient} with its tunnels. */
@SuppressWarnings("FutureReturnValueIgnored")
public final class HboneTestConnection extends Http2ChannelDuplexHandler implements AutoCloseable {
    private final Promise<Void> ready = new DefaultPromise<>(GlobalEventExecutor.INSTANCE);
    private final IdentityHashMap<Http2FrameStream, Tunnel> tunnels = new IdentityHashMap<>();
    private volatile @Nullable ChannelHandlerContext ctx;

    HboneTestConnection() {}

    Future<Void> ready() {
        return ready;
    }

    /** Opens a tunnel and waits for its 200. */
    public Tunnel open(TunnelRequest request) throws IOException {
        Tunnel tunnel = open(request, false);
        tunnel.awaitAccepted();
        return tunnel;
    }

    Tunnel open(TunnelRequest r, boolean ownsConnection) {
        ChannelHandlerContext c = context();
        Tunnel tunnel = new Tunnel(this, newStream(), r.timeout(), ownsConnection);
        Http2Headers headers = new DefaultHttp2Headers(false);
        if (r.outer() != null) {
            add(headers, r.outer());
        } else {
            headers.method("CONNECT").authority(utf8(r.authority()));
            add(headers, r.headers());
        }
        c.executor().execute(() -> {
            tunnels.put(tunnel.stream(), tunnel);
            c.writeAndFlush(new DefaultHttp2HeadersFrame(headers).stream(tunnel.stream()))
                    .addListener(f -> {
                        if (!f.isSuccess()) {
                            tunnel.event(new Tunnel.Event.Ended(
                                    String.valueOf(f.cause().getMessage())));
                        }
                    });
        });
        return tunnel;
    }

    private ChannelHandlerContext context() {
        ChannelHandlerContext c = ctx;
        if (c == null) {
            throw new IllegalStateException("the HBONE connection is not open yet");
        }
        return c;
    }

    ChannelFuture write(Http2FrameStream stream, byte[] data, boolean end) {
        ChannelHandlerContext c = context();
        ByteBuf bytes = c.alloc().buffer(data.length).writeBytes(data);
        return c.writeAndFlush(new DefaultHttp2DataFrame(bytes, end).stream(stream));
    }

    /** Gives the window back for bytes that the reader has taken. */
    void consumed(Http2FrameStream stream, int n) {
        context().writeAndFlush(new DefaultHttp2WindowUpdateFrame(n).stream(stream));
    }

    void reset(Http2FrameStream stream) {
        ChannelHandlerContext c = context();
        c.executor().execute(() -> {
            if (tunnels.remove(stream) != null) {
                c.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL).stream(stream));
            }
        });
    }

    public boolean isOpen() {
        ChannelHandlerContext c = ctx;
        return c != null && c.channel().isActive();
    }

    @Override
    public void close() {
        ChannelHandlerContext c = ctx;
        if (c != null) {
            // The socket itself, without GOAWAY and close_notify manners: as a client that goes away does.
            c.channel().close();
        }
    }

    @Override
    protected void handlerAdded0(ChannelHandlerContext context) {
        ctx = context;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object msg) {
        try {
            switch (msg) {
                case Http2HeadersFrame h -> {
                    Tunnel t = tunnels.get(h.stream());
                    if (t != null) {
                        t.event(new Tunnel.Event.Head(list(h.headers())));
                        end(t, h.isEndStream());
                    }
                }
                case Http2DataFrame d -> {
                    Tunnel t = tunnels.get(d.stream());
                    if (t != null) {
                        t.event(new Tunnel.Event.Data(
                                ByteBufUtil.getBytes(d.content()), d.initialFlowControlledBytes()));
                        end(t, d.isEndStream());
                    } else {
                        consumed(d.stream(), d.initialFlowControlledBytes());
                    }
                }
                case Http2ResetFrame r -> {
                    Tunnel t = tunnels.remove(r.stream());
                    if (t != null) {
                        t.event(new Tunnel.Event.Ended("StreamReset"));
                    }
                }
                case Http2GoAwayFrame g ->
                    tunnels.values().forEach(t -> t.event(new Tunnel.Event.Ended("ConnectionTerminated")));
                default -> {}
            }
        } finally {
            ReferenceCountUtil.release(msg);
        }
    }

    private static void end(Tunnel t, boolean last) {
        if (last) {
            t.event(new Tunnel.Event.Ended("StreamEnded"));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        ready.tryFailure(new IOException("connection closed"));
        tunnels.values().forEach(t -> t.event(new Tunnel.Event.Ended("closed")));
        tunnels.clear();
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof Http2FrameStreamException s) {
            Tunnel t = tunnels.get(s.stream());
            if (t != null) {
                t.event(new Tunnel.Event.Ended("StreamReset"));
            }
            return;
        }
        ready.tryFailure(cause);
        tunnels.values().forEach(t -> t.event(new Tunnel.Event.Failed(cause)));
        context.close();
    }

    private static void add(Http2Headers to, List<HttpHeader> headers) {
        for (HttpHeader h : headers) {
            to.add(utf8(h.name()), utf8(h.value()));
        }
    }

    static AsciiString utf8(String s) {
        return new AsciiString(s.getBytes(StandardCharsets.UTF_8), false);
    }

    static List<HttpHeader> list(Http2Headers headers) {
        List<HttpHeader> out = new ArrayList<>(headers.size());
        for (Map.Entry<CharSequence, CharSequence> e : headers) {
            out.add(new HttpHeader(e.getKey().toString(), e.getValue().toString()));
        }
        return out;
    }

    /** HTTP/2 starts when TLS is done, whatever ALPN said: what the peer makes of that is its own matter. */
    static final class AfterHandshake extends ChannelInboundHandlerAdapter {
        private final HboneTestConnection connection;

        AfterHandshake(HboneTestConnection connection) {
            this.connection = connection;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent done) {
                if (done.isSuccess()) {
                    context.pipeline()
                            .addLast(
                                    Http2FrameCodecBuilder.forClient()
                                            .validateHeaders(false)
                                            .initialSettings(Http2Settings.defaultSettings()
                                                    .maxConcurrentStreams(100)
                                                    .maxHeaderListSize(65536))
                                            .build(),
                                    connection);
                    context.pipeline().remove(this);
                    connection.ready.trySuccess(null);
                } else {
                    connection.ready.tryFailure(done.cause());
                }
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            connection.ready.tryFailure(cause);
            context.close();
        }
    }
}
