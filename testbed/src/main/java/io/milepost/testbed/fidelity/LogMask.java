package io.milepost.testbed.fidelity;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Takes out of access-log lines what differs from run to run: times, ids, local ports. */
final class LogMask {
    private static final Pattern TILDES = Pattern.compile("~([^~]*)~");
    private static final Pattern DIGIT = Pattern.compile("\\d");
    private static final Pattern DIGITS = Pattern.compile("\\d+");
    private static final Pattern TIME = Pattern.compile("\\[?\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z\\]?");
    private static final Pattern UUID = Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
    private static final Pattern CONNECT_ERROR = Pattern.compile("immediate_connect_error:\\S*");
    private static final Pattern LOCAL = Pattern.compile("127\\.0\\.(0|15)\\.1:\\d{4,5}");
    private static final Pattern CARETS = Pattern.compile("\\^([^^]*)\\^");
    private static final Pattern JSON_TIME = Pattern.compile("\"(duration|upstream_service_time)\":(\"?)\\d+");
    private static final Pattern DURATIONS = Pattern.compile("\" (\\d+) (\\d+) (\\d+) (\\d+|-) \"");
    private static final Pattern PORT = Pattern.compile("(127\\.\\d+\\.\\d+\\.\\d+):([1-9]\\d{4})\\b");
    private static final Pattern POD = Pattern.compile("127\\.1\\.\\d+\\.\\d+");
    private static final Pattern OUTER = Pattern.compile("(\"CONNECT - HTTP/2\" \\d+ \\S+) .*");

    private LogMask() {}

    static String mask(String line) {
        String l = TILDES.matcher(line)
                .replaceAll(m ->
                        Matcher.quoteReplacement("~" + DIGIT.matcher(m.group(1)).replaceAll("9") + "~"));
        l = TIME.matcher(l).replaceAll("<time>");
        l = UUID.matcher(l).replaceAll("<uuid>");
        l = CONNECT_ERROR.matcher(l).replaceAll("immediate_connect_error");
        l = LOCAL.matcher(l).replaceAll("<local>");
        l = CARETS.matcher(l)
                .replaceAll(m -> Matcher.quoteReplacement(
                        "^" + DIGITS.matcher(m.group(1)).replaceAll("9") + "^"));
        l = JSON_TIME.matcher(l).replaceAll("\"$1\":$2<ms>");
        l = DURATIONS.matcher(l).replaceAll("\" $1 $2 <ms> <ms> \"");
        return PORT.matcher(l)
                .replaceAll(
                        m -> Matcher.quoteReplacement(m.group(2).equals("15008") ? m.group() : m.group(1) + ":<port>"));
    }

    /** The line without what the case, the request or the kind of run says not to compare. */
    static String anonymous(String line, boolean hboneRun, boolean anyPod) {
        String l = hboneRun
                ? line.replace("envoy://connect_originate/", "").replace("envoy://internal_client_address/", "<local>")
                : line;
        l = anyPod ? POD.matcher(l).replaceAll("<pod>") : l;
        // of a refused CONNECT status and flags count, the rest is Envoy's inside
        return OUTER.matcher(l).replaceAll("$1");
    }
}
