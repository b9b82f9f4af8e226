package io.milepost.testbed.echo;

import io.milepost.testbed.echo.EchoRecords.Header;
import io.milepost.testbed.echo.EchoRecords.Seen;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One HTTP/2 (prior knowledge) request: echo, or gRPC in form when the content type says so. */
@SuppressWarnings("FutureReturnValueIgnored")
final class EchoHttp2 extends ChannelInboundHandlerAdapter {
    private final EchoApp app;
    private final int port;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private @Nullable List<Header> headers;
    private List<Header> trailers = List.of();

    EchoHttp2(EchoApp app, int port) {
        this.app = app;
        this.port = port;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) throws Exception {
        try {
            boolean last = false;
            if (msg instanceof Http2HeadersFrame h) {
                if (headers == null) {
                    headers = joinCookies(list(h.headers()));
                } else {
                    trailers = list(h.headers());
                }
                last = h.isEndStream();
            } else if (msg instanceof Http2DataFrame d) {
                d.content().readBytes(body, d.content().readableBytes());
                last = d.isEndStream();
            }
            if (last && headers != null) {
                over(ctx, headers);
            }
        } finally {
            ReferenceCountUtil.release(msg);
        }
    }

    private void over(ChannelHandlerContext ctx, List<Header> hs) {
        EchoRequest bare = new EchoRequest("HTTP/2", "", "", hs, body.toByteArray(), trailers);
        EchoRequest r = new EchoRequest(
                "HTTP/2", bare.header(":method", ""), bare.header(":path", ""), hs, bare.body(), trailers);
        app.records().saw(new Seen(app.pod(), r.method(), r.path(), hs));
        String delay = r.header("x-echo-delay-ms");
        if (delay == null) {
            answer(ctx, r);
        } else {
            ctx.executor().schedule(() -> answer(ctx, r), Long.parseLong(delay), TimeUnit.MILLISECONDS);
        }
    }

    private void answer(ChannelHandlerContext ctx, EchoRequest r) {
        EchoAnswer a = EchoAnswer.of(app.pod(), port, r, app.records());
        boolean grpc = r.header("content-type", "").startsWith("application/grpc");
        String grpcFirst = r.header("x-echo-grpc-first");
        if (grpc && grpcFirst != null && app.records().countBelow("grpc", Integer.parseInt(grpcFirst))) {
            // gRPC's trailers-only form of a failure
            ctx.writeAndFlush(new DefaultHttp2HeadersFrame(
                    headers("200")
                            .add("content-type", "application/grpc")
                            .add("grpc-status", r.header("x-echo-grpc-status", "14")),
                    true));
            return;
        }
        if (grpc) {
            Http2Headers head = headers("200").add("content-type", "application/grpc");
            for (Header h : a.headers()) {
                if (!h.name().equals("content-type")) {
                    add(head, h);
                }
            }
            ctx.write(new DefaultHttp2HeadersFrame(head));
            ByteBuf message = ctx.alloc().buffer(5 + a.body().length);
            message.writeByte(0).writeInt(a.body().length).writeBytes(a.body());
            ctx.write(new DefaultHttp2DataFrame(message));
            ctx.writeAndFlush(new DefaultHttp2HeadersFrame(
                    new DefaultHttp2Headers(false).add("grpc-status", r.header("x-echo-grpc-status", "0")), true));
            return;
        }
        Http2Headers head = headers(Integer.toString(a.status()));
        for (Header h : a.headers()) {
            add(head, h);
        }
        ctx.write(new DefaultHttp2HeadersFrame(head));
        ctx.writeAndFlush(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(a.body()), true));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }

    private static Http2Headers headers(String status) {
        return new DefaultHttp2Headers(false).status(status);
    }

    private static void add(Http2Headers head, Header h) {
        head.add(h.name().toLowerCase(Locale.ROOT).strip(), h.value().strip());
    }

    private static List<Header> list(Http2Headers headers) {
        List<Header> out = new ArrayList<>(headers.size());
        for (Map.Entry<CharSequence, CharSequence> e : headers) {
            out.add(new Header(e.getKey().toString(), e.getValue().toString()));
        }
        return out;
    }

    /** HTTP/2 may split cookies into several fields; an application sees them joined (RFC 9113 8.2.3), and so did the recording echo, at the end. */
    private static List<Header> joinCookies(List<Header> in) {
        List<Header> out = new ArrayList<>(in.size());
        StringBuilder cookies = new StringBuilder();
        for (Header h : in) {
            if (h.name().equals("cookie")) {
                cookies.append(cookies.isEmpty() ? "" : "; ").append(h.value());
            } else {
                out.add(h);
            }
        }
        if (!cookies.isEmpty()) {
            out.add(new Header("cookie", cookies.toString()));
        }
        return out;
    }
}
