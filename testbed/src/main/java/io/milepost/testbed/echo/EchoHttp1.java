package io.milepost.testbed.echo;

import io.milepost.testbed.echo.EchoRecords.Header;
import io.milepost.testbed.echo.EchoRecords.Seen;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** HTTP/1.1 as lenient as the recording echo was: it reports what it was sent rather than refuse it. One request at a time, in order. */
@SuppressWarnings("FutureReturnValueIgnored")
final class EchoHttp1 extends ByteToMessageDecoder {
    private static final byte[] HEAD_END = {'\r', '\n', '\r', '\n'};

    private final EchoApp app;
    private final int port;
    private boolean answering;
    private boolean upgraded;
    private boolean continued;
    private boolean inputOver;

    EchoHttp1(EchoApp app, int port) {
        this.app = app;
        this.port = port;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        if (upgraded) {
            ctx.writeAndFlush(in.readRetainedSlice(in.readableBytes()));
            return;
        }
        if (answering) {
            return;
        }
        int head = indexOf(in, HEAD_END, in.readerIndex());
        if (head < 0) {
            return;
        }
        String[] lines = in.toString(in.readerIndex(), head - in.readerIndex(), StandardCharsets.ISO_8859_1)
                .split("\r\n", -1);
        List<Header> headers = new ArrayList<>();
        for (int i = 1; i < lines.length; i++) {
            headers.add(header(lines[i]));
        }
        String[] start = lines[0].split(" ", 3);
        EchoRequest bare = new EchoRequest(
                start.length > 2 ? start[2] : "",
                start[0],
                start.length > 1 ? start[1] : "",
                headers,
                new byte[0],
                List.of());
        if (!continued && bare.header("expect", "").equalsIgnoreCase("100-continue")) {
            ctx.writeAndFlush(ascii("HTTP/1.1 100 Continue\r\n\r\n"));
        }
        continued = true;
        int body = head + 4;
        EchoRequest request;
        if (bare.header("transfer-encoding", "").toLowerCase(Locale.ROOT).contains("chunked")) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            List<Header> trailers = new ArrayList<>();
            int end = chunks(in, body, bytes, trailers);
            if (end < 0) {
                return;
            }
            in.readerIndex(end);
            request = new EchoRequest(
                    bare.protocol(), bare.method(), bare.path(), headers, bytes.toByteArray(), trailers);
        } else {
            int n = Integer.parseInt(bare.header("content-length", "0"));
            if (in.writerIndex() - body < n) {
                return;
            }
            byte[] bytes = ByteBufUtil.getBytes(in, body, n, true);
            in.readerIndex(body + n);
            request = new EchoRequest(bare.protocol(), bare.method(), bare.path(), headers, bytes, List.of());
        }
        continued = false;
        handle(ctx, request);
    }

    private void handle(ChannelHandlerContext ctx, EchoRequest r) {
        if (r.header("upgrade", "").equalsIgnoreCase("websocket")) {
            app.records().saw(new Seen(app.pod(), r.method(), r.path(), r.headers()));
            upgraded = true;
            ctx.writeAndFlush(ascii("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                    + "sec-websocket-accept: " + accept(r.header("sec-websocket-key", "")) + "\r\nx-pod: " + app.pod()
                    + "\r\n\r\n"));
            return;
        }
        String reset = r.header("x-echo-reset");
        String first = r.header("x-echo-reset-first");
        if (reset != null && (reset.equals("1") || app.pod().startsWith(reset))
                || first != null && app.records().countBelow(r.header("x-echo-id", ""), Integer.parseInt(first))) {
            // Linger 0 makes the kernel send RST instead of FIN.
            ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
            ctx.close();
            return;
        }
        app.records().saw(new Seen(app.pod(), r.method(), r.path(), r.headers()));
        String delay = r.header("x-echo-delay-ms");
        if (delay == null) {
            answer(ctx, r);
            return;
        }
        answering = true;
        ctx.executor()
                .schedule(
                        () -> {
                            answering = false;
                            answer(ctx, r);
                            if (ctx.channel().isActive()) {
                                resume(ctx);
                            }
                        },
                        Long.parseLong(delay),
                        TimeUnit.MILLISECONDS);
    }

    private void resume(ChannelHandlerContext ctx) {
        try {
            channelRead(ctx, Unpooled.EMPTY_BUFFER);
        } catch (Exception e) {
            ctx.fireExceptionCaught(e);
        }
    }

    private void answer(ChannelHandlerContext ctx, EchoRequest r) {
        EchoAnswer a = EchoAnswer.of(app.pod(), port, r, app.records());
        StringBuilder head = new StringBuilder("HTTP/1.1 ").append(a.status()).append(" X\r\n");
        for (Header h : a.headers()) {
            head.append(h.name()).append(": ").append(h.value()).append("\r\n");
        }
        boolean noBody = r.method().equals("HEAD") || a.status() == 204 || a.status() == 304;
        ByteBuf out = ctx.alloc().buffer();
        if (r.header("x-echo-chunked") != null) {
            head.append("transfer-encoding: chunked\r\ntrailer: x-trail\r\n\r\n");
            head.append(Integer.toHexString(a.body().length)).append("\r\n");
            out.writeCharSequence(head, StandardCharsets.ISO_8859_1);
            out.writeBytes(a.body());
            out.writeCharSequence("\r\n0\r\nx-trail: yes\r\n\r\n", StandardCharsets.US_ASCII);
        } else {
            if (a.status() != 204) {
                head.append("content-length: ").append(a.body().length).append("\r\n");
            }
            out.writeCharSequence(head.append("\r\n"), StandardCharsets.ISO_8859_1);
            if (!noBody) {
                out.writeBytes(a.body());
            }
        }
        var written = ctx.writeAndFlush(out);
        if (inputOver
                || r.header("connection", "").equalsIgnoreCase("close")
                || r.protocol().equals("HTTP/1.0")) {
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (event instanceof ChannelInputShutdownEvent) {
            inputOver = true;
            if (!answering) {
                ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            }
            return;
        }
        super.userEventTriggered(ctx, event);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        ctx.channel().config().setAutoRead(ctx.channel().isWritable());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }

    /** Reads the chunks from {@code at}; returns where the message ends, or -1 if it isn't all there yet. */
    private static int chunks(ByteBuf in, int at, ByteArrayOutputStream body, List<Header> trailers) {
        int from = at;
        while (true) {
            int eol = indexOf(in, new byte[] {'\r', '\n'}, from);
            if (eol < 0) {
                return -1;
            }
            String size = in.toString(from, eol - from, StandardCharsets.ISO_8859_1);
            int extension = size.indexOf(';');
            int n = Integer.parseInt((extension < 0 ? size : size.substring(0, extension)).trim(), 16);
            from = eol + 2;
            if (n == 0) {
                break;
            }
            if (in.writerIndex() - from < n + 2) {
                return -1;
            }
            body.writeBytes(ByteBufUtil.getBytes(in, from, n, true));
            from += n + 2;
        }
        while (true) {
            int eol = indexOf(in, new byte[] {'\r', '\n'}, from);
            if (eol < 0) {
                return -1;
            }
            String line = in.toString(from, eol - from, StandardCharsets.ISO_8859_1);
            from = eol + 2;
            if (line.isEmpty()) {
                return from;
            }
            trailers.add(header(line));
        }
    }

    private static Header header(String line) {
        int colon = line.indexOf(':');
        return colon < 0
                ? new Header(line, "")
                : new Header(line.substring(0, colon), line.substring(colon + 1).strip());
    }

    private static int indexOf(ByteBuf in, byte[] needle, int from) {
        int last = in.writerIndex() - needle.length;
        for (int i = from; i <= last; i++) {
            int at = in.indexOf(i, last + 1, needle[0]);
            if (at < 0) {
                return -1;
            }
            int k = 1;
            while (k < needle.length && in.getByte(at + k) == needle[k]) {
                k++;
            }
            if (k == needle.length) {
                return at;
            }
            i = at;
        }
        return -1;
    }

    private static ByteBuf ascii(String s) {
        return Unpooled.copiedBuffer(s, StandardCharsets.ISO_8859_1);
    }

    private static String accept(String key) {
        try {
            byte[] sha = MessageDigest.getInstance("SHA-1")
                    .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.ISO_8859_1));
            return Base64.getEncoder().encodeToString(sha);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
    }
}
