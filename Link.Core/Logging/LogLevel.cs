namespace Link.Core.Logging;

internal enum LogLevel
{
    Debug,
    Info,
    Warning,
    Error,
}
