package io.milepost.hbone;

/**
 * What a request that is no plain CONNECT gets: a status, or one of {@link #RESET_STREAM} and {@link #CLOSE_CONNECTION}.
 *
 * @param notConnect any other method
 * @param extendedConnect CONNECT with {@code :protocol}
 * @param missingAuthority CONNECT without {@code :authority}
 * @param malformedConnect CONNECT with {@code :scheme}, {@code :path} or an empty {@code :authority}
 */
public record RequestPolicy(int notConnect, int extendedConnect, int missingAuthority, int malformedConnect) {
    /** RST_STREAM(PROTOCOL_ERROR). */
    public static final int RESET_STREAM = -1;

    /** GOAWAY(PROTOCOL_ERROR) and close. */
    public static final int CLOSE_CONNECTION = -2;

    /** As Envoy's waypoint answers. */
    public static final RequestPolicy WAYPOINT = new RequestPolicy(404, 404, CLOSE_CONNECTION, CLOSE_CONNECTION);

    /** As ztunnel answers. */
    public static final RequestPolicy ZTUNNEL = new RequestPolicy(400, RESET_STREAM, 400, RESET_STREAM);
}
