namespace Link.Core.Logging;

/// <summary>Whether standard error goes to journald: <c>JOURNAL_STREAM</c> holds <c>device:inode</c> of the socket that systemd gave us (systemd.exec(5)).</summary>
internal static class JournalStream
{
    /// <summary>True when journald reads standard error. Something else does when the variable was inherited and the stream redirected.</summary>
    public static bool IsStandardError(IReadOnlyDictionary<string, string> environment) =>
        environment.TryGetValue("JOURNAL_STREAM", out var stream) && Matches(stream, LinkOf("/proc/self/fd/2"));

    /// <param name="stream">The variable.</param>
    /// <param name="link">What the descriptor's link in /proc says: <c>socket:[inode]</c>. All sockets are on one device, so that the inode is enough.</param>
    internal static bool Matches(string stream, string? link)
    {
        var colon = stream.IndexOf(':');
        return colon > 0 && colon < stream.Length - 1 && link == $"socket:[{stream[(colon + 1)..]}]";
    }

    private static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
