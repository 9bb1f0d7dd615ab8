namespace Link.Core.Net;

/// <summary>The name servers of resolv.conf(5), and where it names only systemd-resolved's own address, those that systemd-resolved asks.</summary>
internal sealed class ResolvConf(string path = "/etc/resolv.conf", string resolvedPath = "/run/systemd/resolve/resolv.conf")
{
    private const int MaxBytes = 64 << 10;
    private const int MaxServers = 32;

    private (DateTime, long, DateTime, long) _seen;

    /// <summary>Whether the files are others than at the last <see cref="Read"/>.</summary>
    public bool HasChanged => _seen != Look();

    /// <summary>At most 32; none if the file cannot be read. A server on this host is not needed from elsewhere, and is left out.</summary>
    public IReadOnlyList<HostAddress> Read()
    {
        _seen = Look();
        List<HostAddress> servers = Parse(ReadFile(path));
        if (servers.Exists(static server => server.IsLoopback))
            servers.AddRange(Parse(ReadFile(resolvedPath)));
        servers.RemoveAll(static server => server.IsLoopback);
        return servers;
    }

    public static List<HostAddress> Parse(string text)
    {
        List<HostAddress> servers = [];
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words is not ["nameserver", var server, ..] || servers.Count >= MaxServers)
                continue;
            // A link-local one has its interface behind a per cent sign.
            var zone = server.IndexOf('%', StringComparison.Ordinal);
            if (HostAddress.TryParse(zone < 0 ? server : server[..zone], out var address))
                servers.Add(address);
        }

        return servers;
    }

    private (DateTime, long, DateTime, long) Look()
    {
        var (first, second) = (Look(path), Look(resolvedPath));
        return (first.At, first.Length, second.At, second.Length);
    }

    private static (DateTime At, long Length) Look(string path)
    {
        try
        {
            // What a link points to is what changes.
            FileSystemInfo file = new FileInfo(path);
            file = file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
            return file.Exists ? (file.LastWriteTimeUtc, ((FileInfo)file).Length) : default;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    private static string ReadFile(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            var text = new char[MaxBytes];
            return new string(text, 0, reader.ReadBlock(text));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
