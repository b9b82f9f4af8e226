package io.milepost.testbed.demo;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * HTTP/1.1 as an application in a pod would speak it: by service name, through the SOCKS5 port of the pod's ztunnel.
 *
 * <p>The JDK's clients either speak no SOCKS or resolve names themselves; a service name is known to the ztunnel only.
 */
final class PodClient {
    private static final int TIMEOUT_MILLIS = 30_000;

    private final InetSocketAddress socks;

    PodClient(InetSocketAddress socks) {
        this.socks = socks;
    }

    /** One request on a connection of its own. */
    Reply send(String method, String host, int port, String path, Map<String, String> headers) throws IOException {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.connect(socks, TIMEOUT_MILLIS);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            connect(in, out, host, port);
            out.write(request(method, host, port, path, headers));
            out.flush();
            return read(method, in);
        }
    }

    private static void connect(DataInputStream in, OutputStream out, String host, int port) throws IOException {
        byte[] name = host.getBytes(StandardCharsets.US_ASCII);
        out.write(new byte[] {5, 1, 0});
        out.flush();
        if (in.readUnsignedByte() != 5 || in.readUnsignedByte() != 0) {
            throw new IOException("the ztunnel's SOCKS5 port wants authentication, which it should not");
        }
        ByteArrayOutputStream ask = new ByteArrayOutputStream(name.length + 7);
        ask.write(new byte[] {5, 1, 0, 3, (byte) name.length});
        ask.write(name);
        ask.write(port >> 8);
        ask.write(port);
        out.write(ask.toByteArray());
        out.flush();
        in.readUnsignedByte();
        int code = in.readUnsignedByte();
        in.readUnsignedByte();
        int addressType = in.readUnsignedByte();
        int length = switch (addressType) {
            case 1 -> 4;
            case 4 -> 16;
            default -> in.readUnsignedByte();
        };
        in.readFully(new byte[length + 2]);
        if (code != 0) {
            throw new IOException(
                    "the ztunnel could not reach " + host + ":" + port + " (SOCKS5 answer " + code + "); see its log");
        }
    }

    private static byte[] request(String method, String host, int port, String path, Map<String, String> headers) {
        StringBuilder head = new StringBuilder(256);
        head.append(method).append(' ').append(path).append(" HTTP/1.1\r\nhost: ");
        head.append(host).append(':').append(port).append("\r\nconnection: close\r\n");
        if (!method.equals("GET")) {
            head.append("content-length: 0\r\n");
        }
        headers.forEach(
                (name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
        return head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private static Reply read(String method, InputStream in) throws IOException {
        String statusLine = line(in);
        while (statusLine.startsWith("HTTP/1.1 1")) {
            headers(in);
            statusLine = line(in);
        }
        if (statusLine.length() < 12) {
            throw new IOException("no HTTP answer: '" + statusLine + "'");
        }
        int status = Integer.parseInt(statusLine.substring(9, 12));
        Map<String, List<String>> headers = headers(in);
        List<String> length = headers.get("content-length");
        byte[] body;
        if (method.equals("HEAD") || status == 204 || status == 304) {
            body = new byte[0];
        } else if (headers.containsKey("transfer-encoding")) {
            body = chunks(in);
        } else if (length != null) {
            body = in.readNBytes(Integer.parseInt(length.getFirst()));
        } else {
            body = in.readAllBytes();
        }
        return new Reply(status, headers, new String(body, StandardCharsets.UTF_8));
    }

    private static Map<String, List<String>> headers(InputStream in) throws IOException {
        Map<String, List<String>> headers = new LinkedHashMap<>();
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                headers.computeIfAbsent(line.substring(0, colon).toLowerCase(Locale.ROOT), n -> new ArrayList<>(1))
                        .add(line.substring(colon + 1).trim());
            }
        }
        return headers;
    }

    private static byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            String size = line(in);
            int extension = size.indexOf(';');
            int n = Integer.parseInt((extension < 0 ? size : size.substring(0, extension)).trim(), 16);
            if (n == 0) {
                headers(in);
                return body.toByteArray();
            }
            body.write(in.readNBytes(n));
            line(in);
        }
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(64);
        while (true) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException("the connection ended before an answer was complete; see the ztunnel's log");
            }
            if (b == '\n') {
                break;
            }
            if (b != '\r') {
                line.write(b);
            }
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }
}
