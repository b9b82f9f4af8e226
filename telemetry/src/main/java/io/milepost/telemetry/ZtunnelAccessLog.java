package io.milepost.telemetry;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A ztunnel's access log line: tabs between the first fields, then {@code key=value} with texts quoted. */
public final class ZtunnelAccessLog {
    private static final TimeFormat TIME = TimeFormat.compile("%Y-%m-%dT%H:%M:%S.%6fZ");

    /** What is known of one side. Null is left out; identities only with mTLS. */
    public record Side(
            @Nullable String workload,
            @Nullable String namespace,
            @Nullable String identity,
            @Nullable String cluster) {
        public static final Side NOBODY = new Side(null, null, null, null);
    }

    /** The beginning or end of a connection. */
    public enum Event {
        /** Logged at debug. */
        OPENED("connection opened"),
        COMPLETE("connection complete"),
        /** Refused before anything was known of it. */
        FAILED("connection failed");

        private final String text;

        Event(String text) {
            this.text = text;
        }
    }

    public enum Direction {
        INBOUND("inbound"),
        OUTBOUND("outbound");

        private final String text;

        Direction(String text) {
            this.text = text;
        }
    }

    /**
     * @param destination the connection's own, with port 15008 for HBONE
     * @param hboneTarget what the CONNECT named; null without HBONE
     * @param service FQDN of the service; null when none was asked for
     * @param bytesSent outbound to the upstream, inbound back to the client
     * @param error null for success
     */
    public record Connection(
            long epochNanos,
            Event event,
            String source,
            Side sourceSide,
            String destination,
            @Nullable String hboneTarget,
            @Nullable String service,
            Side destinationSide,
            Direction direction,
            long bytesSent,
            long bytesReceived,
            long durationMillis,
            @Nullable String error) {}

    private ZtunnelAccessLog() {}

    /** The line without its line break. */
    public static String format(Connection c) {
        ByteBuf time = Unpooled.buffer(32);
        TIME.write(c.epochNanos, time);
        StringBuilder s = new StringBuilder(640);
        s.append(time.toString(StandardCharsets.US_ASCII)).append('\t').append(level(c));
        s.append("\taccess\t").append(c.event.text).append('\t');
        s.append("src.addr=").append(c.source);
        side(s, "src", c.sourceSide);
        s.append(" dst.addr=").append(c.destination);
        if (c.hboneTarget != null) {
            s.append(" dst.hbone_addr=");
            bare(s, c.hboneTarget);
        }
        text(s, "dst.service", c.service);
        side(s, "dst", c.destinationSide);
        text(s, "direction", c.direction.text);
        if (c.event == Event.COMPLETE) {
            s.append(" bytes_sent=").append(c.bytesSent).append(" bytes_recv=").append(c.bytesReceived);
            text(s, "duration", c.durationMillis + "ms");
        }
        text(s, "error", c.error);
        return s.toString();
    }

    private static String level(Connection c) {
        return switch (c.event) {
            case OPENED -> "debug";
            case COMPLETE -> c.error == null ? "info" : "error";
            case FAILED -> "warn";
        };
    }

    private static void side(StringBuilder s, String prefix, Side side) {
        text(s, prefix + ".workload", side.workload);
        text(s, prefix + ".namespace", side.namespace);
        text(s, prefix + ".identity", side.identity);
        text(s, prefix + ".cluster", side.cluster);
    }

    /** The target comes from the peer: what is no visible character would let it forge fields. */
    private static void bare(StringBuilder s, String value) {
        for (int i = 0; i < value.length(); i++) {
            char ch = value.charAt(i);
            s.append(ch > ' ' && ch < 0x7F ? ch : '?');
        }
    }

    /** Quoted as Rust's Debug does. */
    private static void text(StringBuilder s, String key, @Nullable String value) {
        if (value == null) {
            return;
        }
        s.append(' ').append(key).append("=\"");
        for (int i = 0; i < value.length(); i++) {
            char ch = value.charAt(i);
            switch (ch) {
                case '"' -> s.append("\\\"");
                case '\\' -> s.append("\\\\");
                case '\n' -> s.append("\\n");
                case '\r' -> s.append("\\r");
                case '\t' -> s.append("\\t");
                default -> {
                    if (ch < ' ' || ch == 0x7F) {
                        s.append("\\u{").append(Integer.toHexString(ch)).append('}');
                    } else {
                        s.append(ch);
                    }
                }
            }
        }
        s.append('"');
    }
}
