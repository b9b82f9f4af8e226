package io.milepost.testbed.echo;

import io.milepost.testbed.echo.EchoRecords.Header;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** The answer of an echo application. The body's length is part of recorded log lines, so its JSON is spaced and escaped exactly as the recording echo did it. */
@SuppressWarnings("ArrayRecordComponent") // handed over, never shared
record EchoAnswer(int status, List<Header> headers, byte[] body) {

    static EchoAnswer of(String pod, int port, EchoRequest r, EchoRecords records) {
        int status = Integer.parseInt(r.header("x-echo-status", "200"));
        String failFirst = r.header("x-echo-fail-first");
        int failStatus = Integer.parseInt(r.header("x-echo-fail-status", "503"));
        if (failFirst != null && records.count(r.header("x-echo-id", "")) <= Integer.parseInt(failFirst)) {
            status = failStatus;
        }
        String failPod = r.header("x-echo-fail-pod");
        if (failPod != null && pod.startsWith(failPod)) {
            status = failStatus;
        }
        String fixed = r.header("x-echo-body");
        byte[] body = fixed == null
                ? json(pod, port, r).getBytes(StandardCharsets.US_ASCII)
                : fixed.getBytes(StandardCharsets.UTF_8);
        List<Header> extra = new ArrayList<>();
        extra.add(new Header("content-type", "application/json"));
        for (Header h : r.headers()) {
            if (h.name().equalsIgnoreCase("x-echo-set")) {
                int at = h.value().indexOf('=');
                extra.add(new Header(
                        at < 0 ? h.value() : h.value().substring(0, at),
                        at < 0 ? "" : h.value().substring(at + 1)));
            }
        }
        return new EchoAnswer(status, extra, body);
    }

    private static String json(String pod, int port, EchoRequest r) {
        StringBuilder b = new StringBuilder("{\"pod\": ");
        text(b, pod);
        b.append(", \"port\": ").append(port).append(", \"proto\": ");
        text(b, r.protocol());
        b.append(", \"method\": ");
        text(b, r.method());
        b.append(", \"path\": ");
        text(b, r.path());
        b.append(", \"headers\": ");
        pairs(b, r.headers());
        b.append(", \"body\": ").append(r.body().length).append(", \"sha\": \"");
        b.append(sha(r.body())).append("\", \"trailers\": ");
        pairs(b, r.trailers());
        return b.append('}').toString();
    }

    private static void pairs(StringBuilder b, List<Header> headers) {
        b.append('[');
        String between = "";
        for (Header h : headers) {
            b.append(between).append('[');
            text(b, h.name());
            b.append(", ");
            text(b, h.value());
            b.append(']');
            between = ", ";
        }
        b.append(']');
    }

    private static void text(StringBuilder b, String s) {
        b.append('"');
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            switch (c) {
                case '"' -> b.append("\\\"");
                case '\\' -> b.append("\\\\");
                case '\n' -> b.append("\\n");
                case '\r' -> b.append("\\r");
                case '\t' -> b.append("\\t");
                case '\b' -> b.append("\\b");
                case '\f' -> b.append("\\f");
                default -> {
                    if (c >= ' ' && c <= '~') {
                        b.append(c);
                    } else {
                        b.append("\\u").append(HexFormat.of().toHexDigits(c));
                    }
                }
            }
        }
        b.append('"');
    }

    private static String sha(byte[] body) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(body))
                    .substring(0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
