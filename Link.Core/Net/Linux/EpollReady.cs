namespace Link.Core.Net.Linux;

/// <summary>A descriptor that has something to read (or an error), and its EPOLL* bits.</summary>
internal readonly record struct EpollReady(int Fd, uint Events);
