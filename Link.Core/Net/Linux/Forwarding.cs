namespace Link.Core.Net.Linux;

/// <summary>The sysctl net.ipv6.conf.*.forwarding.</summary>
internal static class Forwarding
{
    /// <summary>Whether the host is a router on this interface; false if it cannot be read. Reads /proc, which does not wait for a disk.</summary>
    public static bool IsOn(string interfaceName)
    {
        try
        {
            return File.ReadAllText($"/proc/sys/net/ipv6/conf/{interfaceName}/forwarding").StartsWith('1');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
