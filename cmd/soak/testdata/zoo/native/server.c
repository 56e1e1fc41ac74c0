/* An HTTP server that keeps what malloc gives it, or keeps it up to a cap:
   server PORT malloc|malloc_twin BLOCKS_PER_SECOND. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 512
#define BLOCK 1024
#define MOST (75 * 64)

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void keep(long n) {
	for (; n > 0; n--) {
		char *b = malloc(BLOCK);
		memset(b, 1, BLOCK);
	}
}

int main(int argc, char **argv) {
	if (argc != 4)
		return 2;
	int twin = strcmp(argv[2], "malloc_twin") == 0;
	double rate = atof(argv[3]);
	int ln = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	setsockopt(ln, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(ln, (struct sockaddr *)&a, sizeof a) || listen(ln, 128)) {
		perror("server");
		return 1;
	}
	static struct pollfd p[CLIENTS];
	p[0] = (struct pollfd){.fd = ln, .events = POLLIN};
	int n = 1;
	double began = now();
	long kept = 0;
	for (;;) {
		poll(p, n, 100);
		long due = (long)((now() - began) * rate);
		if (twin && due > MOST)
			due = MOST;
		keep(due - kept);
		kept = due;
		for (int i = n - 1; i > 0; i--) {
			char b[8192];
			if (!p[i].revents)
				continue;
			ssize_t got = read(p[i].fd, b, sizeof b);
			static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
			if (got <= 0 || write(p[i].fd, ok, sizeof ok - 1) < 0) {
				close(p[i].fd);
				p[i] = p[--n];
			}
		}
		if (p[0].revents && n < CLIENTS)
			p[n++] = (struct pollfd){.fd = accept(ln, NULL, NULL), .events = POLLIN};
	}
}
