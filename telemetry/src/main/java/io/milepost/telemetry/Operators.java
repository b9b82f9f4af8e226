package io.milepost.telemetry;

import static java.util.Map.entry;

import io.milepost.telemetry.LogContext.Metadata;
import io.milepost.telemetry.LogContext.Moment;
import io.milepost.telemetry.LogContext.Wire;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The command operators by name. */
final class Operators {
    /** Known to Envoy, but a waypoint's streams never have one: absent, as Envoy prints there. */
    static final Operator ABSENT = (c, out, mode) -> false;

    /** Present and empty, as Envoy prints them in an access log. */
    private static final Operator EMPTY = (c, out, mode) -> write("", -1, out, mode);

    /** Operators without argument. */
    private static final Map<String, Operator> PLAIN = Map.ofEntries(
            entry("PROTOCOL", (c, out, mode) -> string(c.protocol(), out, mode)),
            entry("UPSTREAM_PROTOCOL", (c, out, mode) -> string(c.upstreamProtocol(), out, mode)),
            entry("RESPONSE_CODE", number(LogContext::responseCode)),
            entry("RESPONSE_FLAGS", flags(false)),
            entry("RESPONSE_FLAGS_LONG", flags(true)),
            entry("CONNECTION_TERMINATION_DETAILS", text(LogContext::connectionTerminationDetails)),
            entry("UPSTREAM_TRANSPORT_FAILURE_REASON", underscored(LogContext::upstreamTransportFailureReason)),
            entry("BYTES_RECEIVED", number(LogContext::bytesReceived)),
            entry("BYTES_SENT", number(LogContext::bytesSent)),
            entry("DURATION", TimeOperators.duration()),
            entry("REQUEST_DURATION", TimeOperators.sinceStart(Moment.REQUEST_RECEIVED)),
            entry("REQUEST_TX_DURATION", TimeOperators.sinceStart(Moment.UPSTREAM_LAST_SENT)),
            entry("RESPONSE_DURATION", TimeOperators.sinceStart(Moment.UPSTREAM_FIRST_RECEIVED)),
            entry("RESPONSE_TX_DURATION", TimeOperators.responseSending()),
            entry("UPSTREAM_HOST", text(LogContext::upstreamHost)),
            entry("UPSTREAM_CLUSTER_RAW", text(LogContext::upstreamCluster)),
            entry("UPSTREAM_CLUSTER", Operators::cluster),
            entry("ROUTE_NAME", text(LogContext::routeName)),
            entry("REQUESTED_SERVER_NAME", text(LogContext::requestedServerName)),
            entry("UPSTREAM_REQUEST_ATTEMPT_COUNT", number(LogContext::upstreamAttempts)),
            entry("STREAM_ID", Operators::streamId),
            entry("UNIQUE_ID", (c, out, mode) -> string(UUID.randomUUID(), out, mode)),
            entry("TRACE_ID", text(LogContext::traceId)),
            entry("CONNECTION_ID", number(LogContext::connectionId)),
            entry("ACCESS_LOG_TYPE", (c, out, mode) -> {
                Out.quoted(out, c.tcp() ? "TcpConnectionEnd" : "DownstreamEnd", mode);
                return true;
            }),
            entry("DOWNSTREAM_PEER_URI_SAN", text(LogContext::peerPrincipal)),
            entry("DOWNSTREAM_LOCAL_URI_SAN", text(LogContext::localPrincipal)),
            entry("DOWNSTREAM_TLS_VERSION", text(LogContext::downstreamTlsVersion)),
            entry("DOWNSTREAM_TLS_CIPHER", text(LogContext::downstreamTlsCipher)),
            entry("DOWNSTREAM_PEER_FINGERPRINT_256", text(LogContext::peerFingerprint)),
            entry("GRPC_STATUS_NUMBER", GrpcStatus.operator("NUMBER")),
            entry("VIRTUAL_CLUSTER_NAME", ABSENT),
            entry("FILTER_CHAIN_NAME", text(LogContext::filterChainName)),
            entry("DOWNSTREAM_DETECTED_CLOSE_TYPE", (c, out, mode) -> string("Normal", out, mode)),
            entry(
                    "UPSTREAM_DETECTED_CLOSE_TYPE",
                    (c, out, mode) -> string(c.upstreamLocalAddress() == null ? null : "Normal", out, mode)),
            entry("UPSTREAM_HOST_NAME_WITHOUT_PORT", Addresses.withoutPort(LogContext::upstreamHost)),
            // Of the last attempt only, and only where it connected (asked of Envoy 1.40.0).
            entry("UPSTREAM_HOSTS_ATTEMPTED", text(LogContext::upstreamRemoteAddress)),
            entry("UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT", Addresses.withoutPort(LogContext::upstreamRemoteAddress)),
            entry("UPSTREAM_HOST_NAMES_ATTEMPTED", text(LogContext::upstreamRemoteAddress)),
            entry(
                    "UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT",
                    Addresses.withoutPort(LogContext::upstreamRemoteAddress)),
            entry("UPSTREAM_CONNECTION_ID", number(LogContext::upstreamConnectionId)),
            entry("UPSTREAM_CONNECTION_IDS_ATTEMPTED", (c, out, mode) -> {
                long id = c.upstreamConnectionId();
                if (id == 0) {
                    return false;
                }
                return write(Long.toString(id), -1, out, mode);
            }),
            entry("UPSTREAM_CONNECTION_POOL_READY_DURATION", TimeOperators.sinceStart(Moment.UPSTREAM_FIRST_SENT)),
            entry("UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT", wire(Wire.UPSTREAM_HEADER_BYTES_SENT)),
            entry("UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED", wire(Wire.UPSTREAM_HEADER_BYTES_RECEIVED)),
            entry("DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT", wire(Wire.DOWNSTREAM_HEADER_BYTES_SENT)),
            entry("DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED", wire(Wire.DOWNSTREAM_HEADER_BYTES_RECEIVED)),
            entry("CUSTOM_FLAGS", EMPTY),
            entry("LOCAL_REPLY_BODY", EMPTY),
            entry("DOWNSTREAM_PEER_IP_SAN", ABSENT),
            entry("DOWNSTREAM_PEER_EMAIL_SAN", ABSENT),
            entry("DOWNSTREAM_LOCAL_CLOSE_REASON", ABSENT),
            entry("UPSTREAM_LOCAL_CLOSE_REASON", ABSENT),
            entry("UPSTREAM_PEER_CERT_V_START", ABSENT),
            entry("UPSTREAM_PEER_CERT_V_END", ABSENT),
            entry("TLS_JA3_FINGERPRINT", ABSENT),
            entry("TLS_JA4_FINGERPRINT", ABSENT),
            entry("ROUNDTRIP_DURATION", ABSENT),
            entry("DOWNSTREAM_HANDSHAKE_DURATION", ABSENT),
            entry("DOWNSTREAM_TRANSPORT_FAILURE_REASON", ABSENT),
            entry("DOWNSTREAM_LOCAL_SUBJECT", ABSENT),
            entry("DOWNSTREAM_LOCAL_DNS_SAN", ABSENT),
            entry("DOWNSTREAM_PEER_SUBJECT", ABSENT),
            entry("DOWNSTREAM_PEER_ISSUER", ABSENT),
            entry("DOWNSTREAM_PEER_SERIAL", ABSENT),
            entry("DOWNSTREAM_PEER_DNS_SAN", ABSENT),
            entry("DOWNSTREAM_PEER_CERT", ABSENT),
            entry("DOWNSTREAM_PEER_CERT_V_START", ABSENT),
            entry("DOWNSTREAM_PEER_CERT_V_END", ABSENT),
            entry("DOWNSTREAM_PEER_FINGERPRINT_1", ABSENT),
            entry("DOWNSTREAM_TLS_SESSION_ID", ABSENT),
            entry("UPSTREAM_TLS_VERSION", ABSENT),
            entry("UPSTREAM_TLS_CIPHER", ABSENT),
            entry("UPSTREAM_TLS_SESSION_ID", ABSENT),
            entry("UPSTREAM_PEER_SUBJECT", ABSENT),
            entry("UPSTREAM_PEER_ISSUER", ABSENT),
            entry("UPSTREAM_PEER_CERT", ABSENT),
            entry("UPSTREAM_PEER_URI_SAN", ABSENT),
            entry("UPSTREAM_PEER_DNS_SAN", ABSENT),
            entry("UPSTREAM_LOCAL_SUBJECT", ABSENT),
            entry("UPSTREAM_LOCAL_URI_SAN", ABSENT),
            entry("UPSTREAM_LOCAL_DNS_SAN", ABSENT),
            entry("UPSTREAM_HOST_NAME", text(LogContext::upstreamHost)),
            entry("DOWNSTREAM_WIRE_BYTES_SENT", wire(Wire.DOWNSTREAM_WIRE_BYTES_SENT)),
            entry("DOWNSTREAM_WIRE_BYTES_RECEIVED", wire(Wire.DOWNSTREAM_WIRE_BYTES_RECEIVED)),
            entry("DOWNSTREAM_HEADER_BYTES_SENT", wire(Wire.DOWNSTREAM_HEADER_BYTES_SENT)),
            entry("DOWNSTREAM_HEADER_BYTES_RECEIVED", wire(Wire.DOWNSTREAM_HEADER_BYTES_RECEIVED)),
            entry("UPSTREAM_WIRE_BYTES_SENT", wire(Wire.UPSTREAM_WIRE_BYTES_SENT)),
            entry("UPSTREAM_WIRE_BYTES_RECEIVED", wire(Wire.UPSTREAM_WIRE_BYTES_RECEIVED)),
            entry("UPSTREAM_HEADER_BYTES_SENT", wire(Wire.UPSTREAM_HEADER_BYTES_SENT)),
            entry("UPSTREAM_HEADER_BYTES_RECEIVED", wire(Wire.UPSTREAM_HEADER_BYTES_RECEIVED)));

    private static final Map<String, Function<LogContext, @Nullable CharSequence>> ADDRESSES = Map.of(
            "UPSTREAM_LOCAL", LogContext::upstreamLocalAddress,
            "UPSTREAM_REMOTE", LogContext::upstreamRemoteAddress,
            "DOWNSTREAM_LOCAL", LogContext::downstreamLocalAddress,
            "DOWNSTREAM_REMOTE", LogContext::downstreamRemoteAddress,
            "DOWNSTREAM_DIRECT_REMOTE", LogContext::downstreamDirectRemoteAddress,
            "DOWNSTREAM_DIRECT_LOCAL", LogContext::downstreamDirectLocalAddress);

    private Operators() {}

    /** @throws IllegalArgumentException naming the operator */
    static Operator compile(String name, @Nullable String argument, int length) {
        Operator plain = PLAIN.get(name);
        if (plain == null && argument == null) {
            plain = address(name);
        }
        if (plain != null) {
            if (argument != null) {
                throw problem(name, "takes no argument");
            }
            return plain;
        }
        return switch (name) {
            case "REQ" -> HeaderOperators.request(required(name, argument), length, false);
            case "REQ_WITHOUT_QUERY" -> HeaderOperators.request(required(name, argument), length, true);
            case "RESP" -> HeaderOperators.response(required(name, argument), length);
            case "TRAILER" -> HeaderOperators.trailer(required(name, argument), length);
            case "RESPONSE_CODE_DETAILS" -> {
                if (argument == null || argument.equals("ALLOW_WHITESPACES")) {
                    yield argument == null
                            ? underscored(LogContext::responseCodeDetails)
                            : text(LogContext::responseCodeDetails);
                }
                throw problem(name, "knows only the argument ALLOW_WHITESPACES");
            }
            case "START_TIME" -> TimeOperators.start(argument);
            case "EMIT_TIME" -> TimeOperators.end(argument);
            case "START_TIME_LOCAL" -> TimeOperators.localStart(argument);
            case "EMIT_TIME_LOCAL" -> TimeOperators.localEnd(argument);
            case "PATH" -> PathOperators.path(argument, length);
            case "QUERY_PARAM" -> PathOperators.parameter(required(name, argument), length);
            case "QUERY_PARAMS" -> PathOperators.query(argument, length);
            case "COMMON_DURATION" -> TimeOperators.between(required(name, argument));
            case "GRPC_STATUS" -> GrpcStatus.operator(argument == null ? "CAMEL_STRING" : argument);
            case "HOSTNAME" -> constant(hostname(), length);
            case "ENVIRONMENT" -> constant(System.getenv(required(name, argument)), length);
            case "DYNAMIC_METADATA" -> MetadataOperators.of(name, Metadata.DYNAMIC, required(name, argument), length);
            case "CLUSTER_METADATA" -> MetadataOperators.of(name, Metadata.CLUSTER, required(name, argument), length);
            case "UPSTREAM_METADATA" ->
                MetadataOperators.of(name, Metadata.UPSTREAM_HOST, required(name, argument), length);
            case "METADATA" -> MetadataOperators.typed(required(name, argument), length);
            case "FILTER_STATE" -> MetadataOperators.filterState(required(name, argument), length);
            case "UPSTREAM_FILTER_STATE" -> ABSENT;
            case "COALESCE" -> Coalesce.compile(required(name, argument), length);
            case "CEL" -> cel(required(name, argument), length);
            default ->
                throw new IllegalArgumentException("access log format: unknown command operator %" + name
                        + "%; see Envoy's list of command operators, or write %% for a percent sign");
        };
    }

    private static @Nullable Operator address(String name) {
        for (String suffix : new String[] {"_ADDRESS", "_ADDRESS_WITHOUT_PORT", "_PORT"}) {
            var address =
                    name.endsWith(suffix) ? ADDRESSES.get(name.substring(0, name.length() - suffix.length())) : null;
            if (address != null) {
                return switch (suffix) {
                    case "_ADDRESS" -> text(address);
                    case "_PORT" -> Addresses.port(address);
                    default -> Addresses.withoutPort(address);
                };
            }
        }
        return null;
    }

    private static String required(String name, @Nullable String argument) {
        if (argument == null || argument.isEmpty()) {
            throw problem(name, "needs an argument, as in %" + name + "(x)%");
        }
        return argument;
    }

    static IllegalArgumentException problem(String name, String what) {
        return new IllegalArgumentException("access log format: the operator %" + name + "% " + what);
    }

    private static boolean string(@Nullable Object value, ByteBuf out, Out.Mode mode) {
        if (value == null) {
            return false;
        }
        Out.quoted(out, value.toString(), mode);
        return true;
    }

    private static Operator text(Function<LogContext, @Nullable CharSequence> get) {
        return (c, out, mode) -> {
            CharSequence v = get.apply(c);
            return v != null && !v.isEmpty() && write(v, -1, out, mode);
        };
    }

    private static Operator underscored(Function<LogContext, @Nullable CharSequence> get) {
        return (c, out, mode) -> {
            CharSequence v = get.apply(c);
            if (v == null || v.isEmpty()) {
                return false;
            }
            Out.string(out, v, 0, v.length(), mode, true);
            return true;
        };
    }

    /** At most {@code length} bytes of the value; negative is all of it. */
    static boolean write(CharSequence value, int length, ByteBuf out, Out.Mode mode) {
        int to = length < 0 ? value.length() : Math.min(length, value.length());
        Out.string(out, value, 0, to, mode, false);
        return true;
    }

    private static Operator number(ToLongFunction<LogContext> get) {
        return (c, out, mode) -> {
            Out.number(out, get.applyAsLong(c));
            return true;
        };
    }

    private static Operator wire(Wire which) {
        return number(c -> c.wireBytes(which));
    }

    private static Operator flags(boolean longNames) {
        return (c, out, mode) -> {
            if (mode == Out.Mode.JSON) {
                out.writeByte('"');
            }
            ResponseFlags.write(c.responseFlags(), c.tcp(), longNames, out);
            if (mode == Out.Mode.JSON) {
                out.writeByte('"');
            }
            return true;
        };
    }

    /** The alternative name of Istio's clusters ends in a semicolon (measured-behaviour 32). */
    private static boolean cluster(LogContext c, ByteBuf out, Out.Mode mode) {
        CharSequence v = c.upstreamCluster();
        if (v == null) {
            return false;
        }
        if (mode == Out.Mode.JSON) {
            out.writeByte('"');
        }
        Out.string(out, v, mode == Out.Mode.JSON ? Out.Mode.JSON_PART : mode);
        out.writeByte(';');
        if (mode == Out.Mode.JSON) {
            out.writeByte('"');
        }
        return true;
    }

    private static boolean streamId(LogContext c, ByteBuf out, Out.Mode mode) {
        CharSequence id = c.streamId();
        return write(id == null ? UUID.randomUUID().toString() : id, -1, out, mode);
    }

    /** The kernel's name of this machine, which in a pod is the pod's. */
    private static @Nullable String hostname() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            return System.getenv("HOSTNAME");
        }
    }

    private static Operator constant(@Nullable String value, int length) {
        return value == null ? ABSENT : (c, out, mode) -> write(value, length, out, mode);
    }

    private static Operator cel(String argument, int length) {
        LogExpression e = LogExpression.compile(argument);
        return (c, out, mode) -> {
            Object v = e.evaluate(c);
            if (v == null) {
                return false;
            }
            if (mode == Out.Mode.JSON && (v instanceof Number || v instanceof Boolean)) {
                return write(v.toString(), -1, out, Out.Mode.TEXT);
            }
            return write(CelTimes.text(v), length, out, mode);
        };
    }
}
