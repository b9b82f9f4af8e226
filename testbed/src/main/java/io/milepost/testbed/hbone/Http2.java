package io.milepost.testbed.hbone;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** HTTP/2 with prior knowledge inside a tunnel, one request. */
@SuppressWarnings("FutureReturnValueIgnored")
public final class Http2 {
    private static final Set<String> CONNECTION_HEADERS =
            Set.of("connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade");

    private Http2() {}

    /** Sends a request and reads its response to the end. Names go out in lower case; connection headers don't exist in HTTP/2 and are left out. */
    public static HttpAnswer exchange(
            Tunnel t, String method, @Nullable String authority, String path, List<HttpHeader> headers, byte[] body)
            throws IOException {
        Http2Headers head = new DefaultHttp2Headers(false).method(method).scheme("http");
        if (authority != null) {
            head.authority(HboneTestConnection.utf8(authority));
        }
        head.path(HboneTestConnection.utf8(path));
        for (HttpHeader h : headers) {
            String name = h.name().toLowerCase(Locale.ROOT).strip();
            if (!CONNECTION_HEADERS.contains(name)) {
                head.add(
                        HboneTestConnection.utf8(name),
                        HboneTestConnection.utf8(h.value().strip()));
            }
        }
        Collector collector = new Collector();
        EmbeddedChannel codec = new EmbeddedChannel(
                Http2FrameCodecBuilder.forClient().validateHeaders(false).build(), collector);
        try {
            collector.request(head, body);
            t.send(outbound(codec));
            while (!collector.over && !(t.ended() && t.received().isEmpty())) {
                t.recvUntil(() -> !t.received().isEmpty());
                byte[] data = t.received().takeAll();
                if (data.length == 0) {
                    break;
                }
                try {
                    codec.writeInbound(Unpooled.wrappedBuffer(data));
                } catch (RuntimeException e) {
                    // Not HTTP/2: what was understood so far is the answer.
                    collector.over = true;
                }
                t.send(outbound(codec));
            }
        } finally {
            codec.finishAndReleaseAll();
        }
        return new HttpAnswer(
                collector.status == null ? "closed" : collector.status,
                collector.headers,
                collector.body.toByteArray(),
                collector.trailers);
    }

    private static byte[] outbound(EmbeddedChannel codec) {
        codec.runPendingTasks();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (ByteBuf b = codec.readOutbound(); b != null; b = codec.readOutbound()) {
            out.writeBytes(ByteBufUtil.getBytes(b));
            b.release();
        }
        return out.toByteArray();
    }

    private static final class Collector extends Http2ChannelDuplexHandler {
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();
        private @Nullable ChannelHandlerContext ctx;
        private @Nullable String status;
        private List<HttpHeader> headers = List.of();
        private List<HttpHeader> trailers = List.of();
        private boolean over;

        @Override
        protected void handlerAdded0(ChannelHandlerContext context) {
            ctx = context;
        }

        void request(Http2Headers head, byte[] data) {
            ChannelHandlerContext c = ctx;
            if (c == null) {
                throw new IllegalStateException("the codec is not ready");
            }
            Http2FrameStream stream = newStream();
            c.write(new DefaultHttp2HeadersFrame(head, data.length == 0).stream(stream));
            if (data.length > 0) {
                c.write(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(data), true).stream(stream));
            }
            c.flush();
        }

        @Override
        public void channelRead(ChannelHandlerContext c, Object msg) {
            try {
                switch (msg) {
                    case Http2HeadersFrame h -> {
                        head(HboneTestConnection.list(h.headers()));
                        over |= h.isEndStream();
                    }
                    case Http2DataFrame d -> {
                        body.writeBytes(ByteBufUtil.getBytes(d.content()));
                        c.writeAndFlush(
                                new DefaultHttp2WindowUpdateFrame(d.initialFlowControlledBytes()).stream(d.stream()));
                        over |= d.isEndStream();
                    }
                    case Http2ResetFrame r -> {
                        over = true;
                        status = status == null ? "reset " + r.errorCode() : status;
                    }
                    case Http2GoAwayFrame g -> over = true;
                    default -> {}
                }
            } finally {
                ReferenceCountUtil.release(msg);
            }
        }

        private void head(List<HttpHeader> all) {
            String code = null;
            List<HttpHeader> plain = new ArrayList<>();
            for (HttpHeader h : all) {
                if (h.name().equals(":status")) {
                    code = h.value();
                } else if (!h.name().startsWith(":")) {
                    plain.add(h);
                }
            }
            if (code == null) {
                trailers = all;
            } else if (!code.startsWith("1")) {
                status = code;
                headers = plain;
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext c, Throwable cause) {
            over = true;
        }
    }
}
