package io.milepost.testbed.hbone;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** HTTP/1.1 inside a tunnel, byte for byte as the caller wants it. */
public final class Http1 {
    private Http1() {}

    public static HttpAnswer get(Tunnel t, String host, String path) throws IOException {
        return exchange(t, "GET", path, List.of(new HttpHeader("Host", host)), new byte[0]);
    }

    /** Sends a request (no header is added) and reads one response. */
    public static HttpAnswer exchange(Tunnel t, String method, String path, List<HttpHeader> headers, byte[] body)
            throws IOException {
        StringBuilder head = new StringBuilder(method).append(' ').append(path).append(" HTTP/1.1\r\n");
        for (HttpHeader h : headers) {
            head.append(h.name()).append(": ").append(h.value()).append("\r\n");
        }
        byte[] start = head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = new byte[start.length + body.length];
        System.arraycopy(start, 0, all, 0, start.length);
        System.arraycopy(body, 0, all, start.length, body.length);
        return raw(t, method, all);
    }

    /** Sends bytes as they are and reads one response; the method says whether it has a body. */
    public static HttpAnswer raw(Tunnel t, String method, byte[] request) throws IOException {
        t.send(request);
        Received in = t.received();
        String[] lines;
        int status;
        do {
            t.recvUntil(() -> in.indexOf("\r\n\r\n") >= 0);
            int end = in.indexOf("\r\n\r\n");
            if (end < 0) {
                return HttpAnswer.closed(in.peek(in.size()));
            }
            lines = latin1(in.take(end)).split("\r\n", -1);
            in.take(4);
            status = Integer.parseInt(lines[0].split(" ", -1)[1]);
        } while (status < 200 && status != 101);
        List<HttpHeader> headers = new ArrayList<>();
        for (int i = 1; i < lines.length; i++) {
            headers.add(header(lines[i]));
        }
        HttpAnswer bare = new HttpAnswer(Integer.toString(status), headers, new byte[0], List.of());
        if (status == 204 || status == 304 || status == 101 || method.equals("HEAD")) {
            return bare;
        }
        String coding = bare.header("transfer-encoding");
        if (coding != null && coding.toLowerCase(Locale.ROOT).contains("chunked")) {
            return chunked(t, bare);
        }
        String length = bare.header("content-length");
        if (length == null) {
            t.recvUntil(() -> false);
            return new HttpAnswer(bare.status(), headers, in.takeAll(), List.of());
        }
        int n = Integer.parseInt(length);
        t.recvUntil(() -> in.size() >= n);
        return new HttpAnswer(bare.status(), headers, in.take(n), List.of());
    }

    private static HttpAnswer chunked(Tunnel t, HttpAnswer bare) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        Received in = t.received();
        while (true) {
            String size = line(t);
            if (size.isEmpty()) {
                return new HttpAnswer(
                        bare.status(), bare.headers(), body.toByteArray(), List.of(new HttpHeader("truncated", "")));
            }
            int n = Integer.parseInt(size.split(";", 2)[0].trim(), 16);
            if (n == 0) {
                break;
            }
            t.recvUntil(() -> in.size() >= n + 2);
            body.writeBytes(in.take(n));
            in.take(2);
        }
        List<HttpHeader> trailers = new ArrayList<>();
        for (String line = line(t); !line.isEmpty(); line = line(t)) {
            trailers.add(header(line));
        }
        return new HttpAnswer(bare.status(), bare.headers(), body.toByteArray(), trailers);
    }

    private static String line(Tunnel t) throws IOException {
        Received in = t.received();
        t.recvUntil(() -> in.indexOf("\r\n") >= 0);
        int end = in.indexOf("\r\n");
        if (end < 0) {
            return latin1(in.takeAll());
        }
        String line = latin1(in.take(end));
        in.take(2);
        return line;
    }

    private static HttpHeader header(String line) {
        int colon = line.indexOf(':');
        return colon < 0
                ? new HttpHeader(line, "")
                : new HttpHeader(
                        line.substring(0, colon), line.substring(colon + 1).strip());
    }

    private static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
