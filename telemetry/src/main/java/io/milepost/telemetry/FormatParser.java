package io.milepost.telemetry;

import java.util.ArrayList;
import java.util.List;

/** Cuts a format text into literals and operators. */
final class FormatParser {
    /** Either a literal ({@code operator} null) or an operator with the text that named it. */
    record Piece(
            String text, @org.jspecify.annotations.Nullable Operator operator) {}

    private FormatParser() {}

    /** @throws IllegalArgumentException naming the operator that is not understood */
    static List<Piece> parse(String format) {
        List<Piece> pieces = new ArrayList<>();
        StringBuilder literal = new StringBuilder();
        for (int i = 0; i < format.length(); ) {
            char c = format.charAt(i);
            if (c != '%') {
                literal.append(c);
                i++;
            } else if (format.startsWith("%%", i)) {
                literal.append('%');
                i += 2;
            } else {
                if (!literal.isEmpty()) {
                    pieces.add(new Piece(literal.toString(), null));
                    literal.setLength(0);
                }
                i = operator(format, i, pieces);
            }
        }
        if (!literal.isEmpty()) {
            pieces.add(new Piece(literal.toString(), null));
        }
        return pieces;
    }

    private static int operator(String format, int start, List<Piece> pieces) {
        int i = start + 1;
        while (i < format.length() && isNameCharacter(format.charAt(i))) {
            i++;
        }
        String name = format.substring(start + 1, i);
        String argument = null;
        if (i < format.length() && format.charAt(i) == '(') {
            int close = closing(format, i + 1);
            if (close < 0) {
                throw malformed(format, start, "its parenthesis is not closed by )% or ):number%");
            }
            argument = format.substring(i + 1, close);
            i = close + 1;
        }
        int length = -1;
        if (i < format.length() && format.charAt(i) == ':') {
            int end = digits(format, i + 1);
            if (end == i + 1 || end - i > 9) {
                throw malformed(format, start, "after the colon stands no length");
            }
            length = Integer.parseInt(format.substring(i + 1, end));
            i = end;
        }
        if (name.isEmpty() || i >= format.length() || format.charAt(i) != '%') {
            throw malformed(format, start, "write %NAME%, %NAME(argument)% or %% for a percent sign");
        }
        pieces.add(new Piece(format.substring(start, i + 1), Operators.compile(name, argument, length)));
        return i + 1;
    }

    private static boolean isNameCharacter(char c) {
        return c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_';
    }

    /** The parenthesis that ends the argument: arguments may hold parentheses and percent signs themselves. */
    private static int closing(String format, int from) {
        for (int i = format.indexOf(')', from); i >= 0; i = format.indexOf(')', i + 1)) {
            int after = i + 1;
            if (after < format.length() && format.charAt(after) == ':') {
                int end = digits(format, after + 1);
                after = end > after + 1 ? end : after;
            }
            if (after < format.length() && format.charAt(after) == '%') {
                return i;
            }
        }
        return -1;
    }

    private static int digits(String format, int from) {
        int i = from;
        while (i < format.length() && format.charAt(i) >= '0' && format.charAt(i) <= '9') {
            i++;
        }
        return i;
    }

    private static IllegalArgumentException malformed(String format, int at, String mend) {
        String near = format.substring(at, Math.min(format.length(), at + 40));
        return new IllegalArgumentException("access log format: malformed operator at \"" + near + "\": " + mend);
    }
}
