package io.milepost.waypoint;

import io.milepost.waypoint.ProtocolDetector.Protocol;
import io.netty.buffer.ByteBuf;

/**
 * What the first bytes on a port without a declared protocol are, by the rule of Envoy's HTTP inspector (asked of Envoy
 * 1.40.0): HTTP/1.1 is a line of a method, a target and that version, be the method known or not; everything else is TCP,
 * HTTP/1.0 too. Bytes that may still become such a line are waited for.
 */
final class FirstLine {
    /** Envoy gives up after as many bytes without a line. */
    static final int LONGEST = 64 * 1024;

    private static final String VERSION = "HTTP/1.1";
    private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~";

    private FirstLine() {}

    static Protocol look(ByteBuf in) {
        int from = in.readerIndex();
        int to = in.writerIndex();
        int method = from;
        while (method < to && isTokenByte(in.getByte(method))) {
            method++;
        }
        boolean complete = method < to;
        if (complete && (method == from || !isBlank(in.getByte(method)))) {
            return Protocol.TCP;
        }
        int lf = complete ? in.indexOf(method, to, (byte) '\n') : -1;
        if (lf < 0) {
            return to - from >= LONGEST ? Protocol.TCP : Protocol.UNDECIDED;
        }
        int end = lf;
        while (end > method && isBlank(in.getByte(end - 1))) {
            end--;
        }
        return endsAsRequest(in, method, end) ? Protocol.HTTP1 : Protocol.TCP;
    }

    private static boolean endsAsRequest(ByteBuf in, int afterMethod, int end) {
        int target = afterMethod;
        while (target < end && isBlank(in.getByte(target))) {
            target++;
        }
        int stop = target;
        while (stop < end && !isBlank(in.getByte(stop))) {
            if (in.getByte(stop) < 0) {
                return false;
            }
            stop++;
        }
        int version = stop;
        while (version < end && isBlank(in.getByte(version))) {
            version++;
        }
        return stop < end && isVersion(in, version, end) && isTarget(in, afterMethod, target, stop);
    }

    private static boolean isVersion(ByteBuf in, int from, int end) {
        if (end - from != VERSION.length()) {
            return false;
        }
        for (int i = 0; i < VERSION.length(); i++) {
            if (in.getByte(from + i) != VERSION.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** A path, or the scheme of an absolute target; the authority of a CONNECT is not looked at. */
    private static boolean isTarget(ByteBuf in, int afterMethod, int from, int end) {
        byte first = in.getByte(from);
        if (first == '/' || first == '*' || isConnect(in, afterMethod)) {
            return true;
        }
        int i = from;
        while (i < end && isSchemeByte(in.getByte(i))) {
            i++;
        }
        return isLetter(first)
                && end - i >= 3
                && in.getByte(i) == ':'
                && in.getByte(i + 1) == '/'
                && in.getByte(i + 2) == '/';
    }

    private static boolean isConnect(ByteBuf in, int afterMethod) {
        String connect = "CONNECT";
        int from = in.readerIndex();
        boolean same = afterMethod - from == connect.length();
        for (int i = 0; same && i < connect.length(); i++) {
            same = in.getByte(from + i) == connect.charAt(i);
        }
        return same;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t' || b == '\r';
    }

    private static boolean isLetter(byte b) {
        return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z';
    }

    private static boolean isSchemeByte(byte b) {
        return isLetter(b) || b >= '0' && b <= '9' || b == '+' || b == '-' || b == '.';
    }

    private static boolean isTokenByte(byte b) {
        return isLetter(b) || b >= '0' && b <= '9' || b > 0 && TOKEN_MARKS.indexOf(b) >= 0;
    }
}
